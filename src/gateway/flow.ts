export interface FlowOptions {
  readonly stepBytes: number
  /** Until the sink has room. */
  readonly hold: () => Disposable
  /** While the others have their turn, where `hold` does not stop the reading at once. */
  readonly holdForTurn?: () => Disposable | undefined
  /** Must not reject, and resolves too when the sink is over. */
  readonly drained: () => Promise<void>
}

/**
 * Back-pressure of one direction: so many bytes pass, then the source is held until the sink has room again, and every other
 * socket has had its turn. What is under way is so bounded by the step, whatever the sink does; and who sends as fast as
 * we read delays the others by one step, where the system would read 2 MB before it looks at the next socket.
 */
export class Flow {
  readonly #stepBytes: number
  readonly #hold: () => Disposable
  readonly #holdForTurn: (() => Disposable | undefined) | undefined
  readonly #drained: () => Promise<void>
  #passed = 0
  #isHeld = false

  constructor(options: FlowOptions) {
    this.#stepBytes = options.stepBytes
    this.#holdForTurn = options.holdForTurn
    this.#hold = options.hold
    this.#drained = options.drained
  }

  /** Told of each message, after it was given to the sink. */
  passed(bytes: number): void {
    this.#passed += bytes
    // Never rejects, as `drained` does not.
    if (!this.#isHeld && this.#passed >= this.#stepBytes) void this.#holdUntilDrained()
  }

  async #holdUntilDrained(): Promise<void> {
    this.#isHeld = true
    using _ = this.#hold()
    await Promise.all([this.#drained(), this.#turn()])
    this.#passed = 0
    this.#isHeld = false
  }

  async #turn(): Promise<void> {
    using _ = this.#holdForTurn?.()
    await new Promise(setImmediate)
  }
}
