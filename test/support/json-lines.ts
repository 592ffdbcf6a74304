import type { Readable, Writable } from 'node:stream'
import { Mailbox } from './mailbox.ts'

export type Message = Readonly<Record<string, unknown>>

/** The client's end of a stdio connection, with nothing of a client's manners: it can write anything. */
export class JsonLines implements Disposable {
  readonly #toServer: Writable
  readonly #fromServer: Readable
  readonly #received = new Mailbox<Message>()
  #rest = ''
  #isReading = false

  /** Reads nothing of the server until `receive` is called first. */
  constructor(toServer: Writable, fromServer: Readable) {
    this.#toServer = toServer
    this.#fromServer = fromServer
    toServer.on('error', () => {})
  }

  write(bytes: string | Uint8Array): void {
    this.#toServer.write(bytes)
  }

  /** Sends one message; `jsonrpc` is added. */
  send(message: object): void {
    this.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  /** The next message of the server. */
  receive(): Promise<Message> {
    if (!this.#isReading) this.#fromServer.setEncoding('utf8').on('data', (text) => this.#split(text))
    this.#isReading = true
    return this.#received.take()
  }

  /** Sends a request and gives back the next message. */
  ask(message: object): Promise<Message> {
    this.send(message)
    return this.receive()
  }

  /** How many messages came that nobody received. */
  get waiting(): number {
    return this.#received.size
  }

  end(): void {
    this.#toServer.end()
  }

  [Symbol.dispose](): void {
    this.end()
  }

  #split(text: string): void {
    const [first, ...more] = text.split('\n')
    this.#rest += first
    if (more.length === 0) return
    const lines = [this.#rest, ...more]
    this.#rest = lines.pop()!
    for (const line of lines) this.#received.put(JSON.parse(line))
  }
}
