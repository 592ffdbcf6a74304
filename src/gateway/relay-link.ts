import { randomUUID } from 'node:crypto'
import { Turns } from '../rpc/turns.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, throwIfAborted } from '../util/signals.ts'
import type { FrameSocket } from './frame-socket.ts'
import type { GatewayLimits } from './limits.ts'
import type { ExecutorLink, ExecutorStream, RelayChannel } from './link.ts'
import { RelayMux } from './relay-mux.ts'

/** Makes a transport of plain messages out of a fresh channel: in clear, or after a handshake. */
export type OpenStream = (channel: RelayChannel, options: CallOptions) => Promise<ExecutorStream>

/**
 * An executor that carries many streams on one socket. Each has an id of its own making, so that no bridge can name the
 * stream of another; a stream that cannot be opened is reset and tried anew under a fresh id, since an executor does not
 * shake hands twice on one.
 */
export class RelayLink implements ExecutorLink {
  readonly era: 'relay' | 'noise'
  readonly maxBridges: number
  readonly isShared = true
  readonly #socket: FrameSocket
  readonly #limits: GatewayLimits
  readonly #openStream: OpenStream
  readonly #mux: RelayMux

  constructor(
    socket: FrameSocket,
    options: { era: 'relay' | 'noise'; limits: GatewayLimits; openStream: OpenStream },
  ) {
    this.era = options.era
    this.#socket = socket
    this.#limits = options.limits
    this.#openStream = options.openStream
    this.maxBridges = options.limits.maxBridgesPerExecutor
    const turns = new Turns(socket, options.limits.executorHighWaterBytes)
    // A late frame for a stream that was reset is for nobody.
    this.#mux = new RelayMux(socket, turns, () => {})
    this.#mux.start()
  }

  async open(owner: object, options: CallOptions): Promise<ExecutorStream> {
    for (let left = this.#limits.openTries; ; left--) {
      const channel = this.#mux.open(randomUUID(), owner)
      try {
        return await this.#openStream(channel, options)
      } catch (error) {
        channel.close(BridgeError.from(error))
        throwIfAborted(options.signal)
        if (left <= 1) throw error
      }
    }
  }

  hold(): Disposable {
    return this.#socket.hold()
  }

  close(reason: Error): void {
    this.#mux.close(reason)
  }
}
