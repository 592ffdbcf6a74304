import { RelayAssembly } from '../rpc/relay-assembly.ts'
import type { RelayBody, RelayData } from '../rpc/relay-frames.ts'
import type { Frame, Receiver } from '../rpc/transport.ts'
import type { CallIds } from '../util/call-ids.ts'
import { BridgeError } from '../util/errors.ts'
import { Credit } from './credit.ts'
import type { ExecutorStream, RelayChannel } from './link.ts'

/** Bytes of half-received messages that several streams may hold together. */
export interface AssemblyBudget {
  leftBytes: number
}

/**
 * A channel as a transport of plain messages, one in each `data` frame: what bridges speak, and executors of the cleartext
 * era. What came repeated is dropped, what came in segments put together, as far as the budget goes. With `creditBytes` the
 * other end is told how much it may send.
 */
export function relayStream(
  channel: RelayChannel,
  maxMessageBytes: number,
  budget: AssemblyBudget,
  creditBytes?: number,
): RelayStream {
  return new RelayStream(channel, { maxMessageBytes, budget, creditBytes })
}

interface RelayStreamOptions {
  readonly maxMessageBytes: number
  readonly budget: AssemblyBudget
  readonly creditBytes: number | undefined
}

/** A stream whose messages may come with the ids of the call they belong to. */
export class RelayStream implements ExecutorStream {
  readonly maxMessageBytes: number
  /** Those of the message that is being delivered. */
  lastIds: CallIds | undefined
  readonly hold: (() => Disposable) | undefined
  readonly #channel: RelayChannel
  readonly #budget: AssemblyBudget
  readonly #credit: Credit | undefined
  readonly #assembly = new RelayAssembly(Number.POSITIVE_INFINITY)
  #receiver: Receiver | undefined
  #nextSeq = 0

  constructor(channel: RelayChannel, options: RelayStreamOptions) {
    this.#channel = channel
    this.maxMessageBytes = options.maxMessageBytes
    this.#budget = options.budget
    if (options.creditBytes === undefined) return
    const credit = new Credit(options.creditBytes, () => this.#send({ kind: 'ack' }))
    this.#credit = credit
    this.hold = () => credit.hold()
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    const closed = (reason: Error) => {
      this.#budget.leftBytes += this.#assembly.heldBytes
      receiver.closed(reason)
    }
    this.#channel.start({ body: (body) => this.#onBody(body), closed })
  }

  send(payload: Frame): void {
    const data = { kind: 'data', seq: this.#nextSeq++, segmentIndex: 0, segmentCount: 1, payload } as const
    this.#send(data)
  }

  drained(): Promise<void> {
    return this.#channel.drained()
  }

  close(reason: Error): void {
    this.#channel.close(reason)
  }

  #send(body: RelayBody): void {
    this.#channel.send(body, { ack: this.#assembly.ack, credit: this.#credit?.totalBytes })
  }

  #onBody(body: RelayBody): void {
    if (body.kind !== 'data') return
    this.#credit?.received(body.payload.byteLength)
    try {
      const message = this.#assemble(body)
      this.lastIds = body.ids
      if (message) this.#receiver?.frame(message)
    } catch (error) {
      this.#channel.close(BridgeError.from(error))
    }
  }

  #assemble(data: RelayData): Frame | undefined {
    const before = this.#assembly.heldBytes
    const message = this.#assembly.push(data)
    this.#budget.leftBytes -= this.#assembly.heldBytes - before
    if (this.#budget.leftBytes < 0)
      throw new BridgeError('unavailable', 'Too much of half-sent messages is held')
    return message
  }
}
