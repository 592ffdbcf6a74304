import type { Frame, Transport } from '../rpc/transport.ts'
import { BridgeError } from '../util/errors.ts'
import { Flow } from './flow.ts'
import type { ExecutorStream } from './link.ts'

export interface JointOptions {
  readonly stepBytes: number
  /** Stops reading from the side that sends, until disposed. */
  holdNear(): Disposable
  /** Because the bridge does not take it: where the executor's stream cannot be held by itself. */
  holdFar(): Disposable
  /** While others have their turn. */
  pauseFar(): Disposable
  /** Told of each message on its way up (to the executor) and down. */
  up(message: Frame): void
  down(message: Frame): void
  /** Told once, when both ends are over. */
  ended(): void
}

/**
 * Joins the stream of a bridge with one of an executor that is still being opened: messages go both ways, each side no
 * faster than the other takes them, and the end of one is the end of the other, with its reason.
 */
export function joinStreams(near: Transport, opening: Promise<ExecutorStream>, options: JointOptions): void {
  new Joint(near, opening, options)
}

class Joint {
  readonly #near: Transport
  readonly #options: JointOptions
  readonly #up: Flow
  readonly #down: Flow
  #far: ExecutorStream | undefined
  #early: Frame[] = []
  #reason: Error | undefined

  constructor(near: Transport, opening: Promise<ExecutorStream>, options: JointOptions) {
    this.#near = near
    this.#options = options
    const { stepBytes, holdNear, holdFar, pauseFar } = options
    const opened = opening.then(
      (far) => this.#onOpen(far),
      (error: unknown) => this.#end(BridgeError.from(error, 'unavailable')),
    )
    const drainedFar = () => opened.then(() => this.#far?.drained())
    this.#up = new Flow({ stepBytes, hold: holdNear, drained: drainedFar })
    this.#down = new Flow({
      stepBytes,
      hold: () => this.#far?.hold?.() ?? holdFar(),
      holdForTurn: () => (this.#far?.hold ? pauseFar() : undefined),
      drained: () => near.drained(),
    })
    near.start({ frame: (data) => this.#onNear(data), closed: (reason) => this.#end(reason) })
  }

  #onOpen(far: ExecutorStream): void {
    if (this.#reason) return far.close(this.#reason)
    this.#far = far
    far.start({ frame: (data) => this.#onFar(data), closed: (reason) => this.#end(reason) })
    for (const message of this.#early.splice(0)) this.#forward(far, message)
  }

  #onNear(message: Frame): void {
    if (this.#reason) return
    this.#options.up(message)
    if (this.#far) this.#forward(this.#far, message)
    else this.#early.push(message)
    this.#up.passed(message.byteLength)
  }

  #forward(far: Transport, message: Frame): void {
    const { byteLength } = message
    const most = far.maxMessageBytes
    if (byteLength <= most) far.send(message)
    else
      this.#end(
        new BridgeError('invalid_input', `A message has ${byteLength} bytes: this executor takes ${most}`),
      )
  }

  #onFar(message: Frame): void {
    if (this.#reason) return
    this.#options.down(message)
    this.#near.send(message)
    this.#down.passed(message.byteLength)
  }

  #end(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.#early = []
    this.#near.close(reason)
    this.#far?.close(reason)
    this.#options.ended()
  }
}
