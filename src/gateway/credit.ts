/**
 * What an executor may send on one stream: so many bytes beyond those that were taken, and no more than it has been told already
 * while the stream is held. One stream is so slowed down without the others that share its socket.
 */
export class Credit {
  readonly #bytes: number
  readonly #grant: () => void
  #totalBytes: number
  #receivedBytes = 0
  #holds = 0

  /** `grant` is called when the executor should be told `totalBytes` anew. */
  constructor(bytes: number, grant: () => void) {
    this.#bytes = bytes
    this.#totalBytes = bytes
    this.#grant = grant
  }

  /** All that may come on the stream, from its beginning. */
  get totalBytes(): number {
    return this.#totalBytes
  }

  /** Told of what has come. */
  received(bytes: number): void {
    this.#receivedBytes += bytes
    this.#look()
  }

  hold(): Disposable {
    this.#holds++
    let isHeld = true
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#holds--
        isHeld = false
        this.#look()
      },
    }
  }

  /** Told when half of it is used up: so the executor need not stop meanwhile. */
  #look(): void {
    const left = this.#totalBytes - this.#receivedBytes
    if (this.#holds > 0 || left > this.#bytes / 2) return
    this.#totalBytes = this.#receivedBytes + this.#bytes
    this.#grant()
  }
}
