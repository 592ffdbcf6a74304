import type { Frame, Transport } from '../../src/rpc/transport.ts'
import { deferred } from '../../src/util/deferred.ts'
import { Mailbox } from './mailbox.ts'

/** Starts a transport and keeps all that comes. */
export class Recorder {
  readonly frames: Frame[] = []
  readonly reasons: string[] = []
  readonly #arrivals = new Mailbox<Frame>()
  readonly #over = deferred<void>()

  constructor(transport: Transport) {
    transport.start({
      frame: (data) => {
        if (this.reasons.length > 0) throw new Error('A frame came after the end')
        this.frames.push(data)
        this.#arrivals.put(data)
      },
      closed: (reason) => {
        this.reasons.push(reason.message)
        this.#over.resolve()
      },
    })
  }

  get texts(): string[] {
    return this.frames.map((frame) => Buffer.from(frame).toString())
  }

  /** The next frame nobody has taken. */
  next(): Promise<Frame> {
    return this.#arrivals.take()
  }

  /** Resolves when the transport is over. */
  get closed(): Promise<void> {
    return this.#over.promise
  }
}
