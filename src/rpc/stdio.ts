import type { Readable, Writable } from 'node:stream'
import { BridgeError } from '../util/errors.ts'
import { RPC_LIMITS } from './limits.ts'
import type { Frame, Receiver, Transport } from './transport.ts'

const LF = 10

/** A pair of byte streams as a transport, one JSON message a line: what a child process speaks on its stdio. */
export function stdioTransport(input: Readable, output: Writable): Transport {
  return new StdioTransport(input, output)
}

class StdioTransport implements Transport {
  readonly maxMessageBytes = RPC_LIMITS.maxMessageBytes
  readonly #input: Readable
  readonly #output: Writable
  #receiver: Receiver | undefined
  #partial: Frame[] = []
  #partialBytes = 0
  #over = false

  constructor(input: Readable, output: Writable) {
    this.#input = input
    this.#output = output
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver
    this.#input.on('data', (data: Buffer) => this.#onData(data))
    this.#input.on('end', () => this.close(new BridgeError('unavailable', 'The other end closed its output')))
    for (const stream of [this.#input, this.#output])
      stream.on('error', (error) => this.close(BridgeError.from(error, 'unavailable')))
  }

  send(data: Frame): void {
    if (!this.#over) this.#output.write(Buffer.concat([data, Buffer.from([LF])]))
  }

  async drained(): Promise<void> {
    if (this.#over || !this.#output.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#output.off('drain', done).off('close', done)
        resolve()
      }
      this.#output.on('drain', done).on('close', done)
    })
  }

  close(reason: Error): void {
    if (this.#over) return
    this.#over = true
    this.#output.end()
    this.#receiver?.closed(reason)
  }

  #onData(data: Frame): void {
    let rest = data
    for (let end = rest.indexOf(LF); end >= 0 && !this.#over; end = rest.indexOf(LF)) {
      this.#deliver(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
    }
    if (rest.byteLength === 0 || this.#over) return
    this.#partial.push(rest)
    this.#partialBytes += rest.byteLength
    if (this.#partialBytes > RPC_LIMITS.maxInboundBytes)
      this.close(
        new BridgeError(
          'unavailable',
          `The other end sent a line of over ${RPC_LIMITS.maxInboundBytes} bytes`,
        ),
      )
  }

  #deliver(end: Frame): void {
    const line = this.#partial.length > 0 ? Buffer.concat([...this.#partial, end]) : end
    this.#partial = []
    this.#partialBytes = 0
    if (line.byteLength > 0) this.#receiver?.frame(line)
  }
}
