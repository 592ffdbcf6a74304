import { writeSync } from 'node:fs'
import { type Readable, Writable } from 'node:stream'
import { BridgeError } from '../util/errors.ts'
import { systemCodeOf } from './refusal.ts'

/** How long a full terminal is left alone before the next try, in ms: nobody tells when it has room. */
const RETRY_MS = 10

/**
 * The keyboard of a terminal. A stream of Node on it would make all of Node stand still while a program does not read;
 * the descriptor itself does not wait, so what it does not take now is tried again a little later.
 */
export class TerminalInput extends Writable {
  readonly #fd: number
  readonly #screen: Readable
  #retry: NodeJS.Timeout | undefined

  /** `screen` owns the descriptor: when it is destroyed, the number may be that of another file. */
  constructor(fd: number, screen: Readable) {
    super()
    this.#fd = fd
    this.#screen = screen
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#type(chunk, done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#retry)
    done(error)
  }

  #type(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (this.#screen.destroyed) return done(new BridgeError('conflict', 'The terminal is closed'))
    let written = 0
    try {
      written = writeSync(this.#fd, chunk)
    } catch (error) {
      if (systemCodeOf(error) !== 'EAGAIN') return done(BridgeError.from(error))
    }
    if (written === chunk.length) return done()
    const rest = chunk.subarray(written)
    this.#retry = setTimeout(() => this.#type(rest, done), written > 0 ? 0 : RETRY_MS)
    this.#retry.unref()
  }
}
