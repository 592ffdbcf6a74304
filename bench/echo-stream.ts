import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { encodeRelayFrame } from '../src/rpc/relay-frames.ts'

const PAYLOAD = Buffer.from(
  JSON.stringify({ id: 1, method: 'process/write', params: { processId: 'p1', chunk: 'A'.repeat(120) } }),
)

/** A stream to a machine that answers each message with itself. */
export class EchoStream implements AsyncDisposable {
  readonly #socket: WebSocket
  readonly #streamId = randomUUID()
  readonly #waiting: (() => void)[] = []
  #seq = 0

  static async open(url: string, token?: string): Promise<EchoStream> {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` }
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers, perMessageDeflate: false })
    await once(socket, 'open')
    return new EchoStream(socket)
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', () => this.#waiting.shift()?.())
    socket.send(encodeRelayFrame({ streamId: this.#streamId, body: { kind: 'resume', nextSeq: 0 } }))
  }

  /** ms. */
  async roundTrip(): Promise<number> {
    const startedAt = performance.now()
    const answered = new Promise<void>((resolve) => void this.#waiting.push(resolve))
    const body = {
      kind: 'data',
      seq: this.#seq++,
      segmentIndex: 0,
      segmentCount: 1,
      payload: PAYLOAD,
    } as const
    this.#socket.send(encodeRelayFrame({ streamId: this.#streamId, body }))
    await answered
    return performance.now() - startedAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.terminate()
    await closed
  }
}
