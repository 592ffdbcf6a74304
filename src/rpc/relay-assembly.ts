import { BridgeError } from '../util/errors.ts'
import { RPC_LIMITS } from './limits.ts'
import type { RelayData } from './relay-frames.ts'
import type { Frame } from './transport.ts'

/** Makes the messages of one stream and direction out of its `data` frames: repeated ones dropped, segments put together. */
export class RelayAssembly {
  readonly #maxBytes: number
  #seen = -1
  #segments: Frame[] = []
  #bytes = 0

  /** Messages in segments may have `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The highest `seq` seen whole, as the `ack` of a frame has it. */
  get ack(): number {
    return Math.max(this.#seen, 0)
  }

  /** Bytes of a message whose last segment has not come yet. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** Takes one frame; gives the message that is whole with it. Throws `unavailable` when segments do not fit together. */
  push(data: RelayData): Frame | undefined {
    if (data.seq <= this.#seen) return undefined
    if (data.segmentCount === 1) return this.#whole(data.seq, data.payload)
    if (data.segmentIndex !== this.#segments.length) throw broken('segments out of order')
    this.#segments.push(data.payload)
    this.#bytes += data.payload.byteLength
    if (this.#bytes > this.#maxBytes || this.#segments.length > RPC_LIMITS.maxRelaySegments)
      throw broken(`a message of over ${this.#bytes} bytes`)
    if (data.segmentIndex < data.segmentCount - 1) return undefined
    this.#bytes = 0
    return this.#whole(data.seq, Buffer.concat(this.#segments.splice(0)))
  }

  #whole(seq: number, payload: Frame): Frame {
    this.#seen = seq
    return payload
  }
}

function broken(what: string): BridgeError {
  return new BridgeError('unavailable', `The other end sent what cannot be put together (${what})`)
}
