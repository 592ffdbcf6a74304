import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { decodeRelayFrame, encodeRelayFrame, type RelayBody } from '../../src/rpc/relay-frames.ts'
import { Mailbox } from './mailbox.ts'

export interface StreamMessage {
  readonly streamId: string
  readonly text: string
}

/** An env-mcp's end of a bridge, frame by frame. */
export class RawBridge implements AsyncDisposable {
  readonly socket: WebSocket
  readonly messages = new Mailbox<StreamMessage>()
  readonly resets = new Mailbox<StreamMessage>()
  readonly closed: Promise<string>
  readonly #seqs = new Map<string, number>()

  /** `ca`: the certificate to believe besides the usual ones. */
  static async open(
    url: string,
    exeId: string,
    token: string,
    { ca }: { ca?: Buffer } = {},
  ): Promise<RawBridge> {
    const address = `${url.replace(/^http/, 'ws')}/bridge/${exeId}`
    const headers = { Authorization: `Bearer ${token}` }
    const socket = new WebSocket(address, { headers, perMessageDeflate: false, ...(ca ? { ca } : {}) })
    const bridge = new RawBridge(socket)
    await once(socket, 'open')
    return bridge
  }

  private constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.on('close', (_, reason) => resolve(reason.toString())))
    socket.on('error', () => {})
    socket.on('message', (data: Buffer) => {
      const { streamId, body } = decodeRelayFrame(data)
      if (body.kind === 'data') this.messages.put({ streamId, text: Buffer.from(body.payload).toString() })
      if (body.kind === 'reset') this.resets.put({ streamId, text: body.reason })
    })
  }

  /** Opens a stream; gives its id. */
  resume(streamId: string = randomUUID()): string {
    this.frame(streamId, { kind: 'resume', nextSeq: 0 })
    return streamId
  }

  send(streamId: string, text: string): void {
    const seq = this.#seqs.get(streamId) ?? 0
    this.#seqs.set(streamId, seq + 1)
    this.frame(streamId, { kind: 'data', seq, segmentIndex: 0, segmentCount: 1, payload: Buffer.from(text) })
  }

  frame(streamId: string, body: RelayBody): void {
    this.socket.send(encodeRelayFrame({ streamId, body }))
  }

  /** Sends a request on a stream, and gives the text of the next message of it. */
  async ask(streamId: string, id: number, method = 'echo'): Promise<string> {
    this.send(streamId, JSON.stringify({ id, method, params: { id } }))
    const message = await this.messages.take()
    if (message.streamId !== streamId) throw new Error(`A message of ${message.streamId} came`)
    return message.text
  }

  /** Sends a request of any params, and gives what answers it, past what else comes. */
  async request(streamId: string, method: string, params: object): Promise<Record<string, unknown>> {
    this.send(streamId, JSON.stringify({ id: method, method, params }))
    for (;;) {
      const message = JSON.parse((await this.messages.take()).text)
      if (message.id === method) return message.result ?? { error: message.error }
    }
  }

  /** Ends the connection as a network does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate()
    await this.closed
  }
}
