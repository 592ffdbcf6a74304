import { once } from 'node:events'
import { WebSocket } from 'ws'
import {
  generateIdentity,
  NOISE_SUITE,
  type NoisePublicKey,
  publicHalf,
  publicKeyToJson,
} from '../../src/gateway/noise/identity.ts'
import type { NoiseKeys } from '../../src/gateway/noise/initiator.ts'
import { RecordReader, sealRecords } from '../../src/gateway/noise/records.ts'
import { decodeRelayFrame, encodeRelayFrame, type RelayBody } from '../../src/rpc/relay-frames.ts'
import { askHttp, type HttpAnswer } from './http-ask.ts'
import { Mailbox } from './mailbox.ts'
import { respond } from './noise-responder.ts'
import type { StreamMessage } from './raw-bridge.ts'
import { signedHeaders } from './sigv4-signer.ts'

export interface DiallingOptions {
  /** The gateway: `http://…`. */
  readonly url: string
  readonly id: string
  readonly token: string
  /** As a `codex exec-server --remote` of that era; `relay` unless said. */
  readonly era?: 'text' | 'relay' | 'noise' | 'direct'
  /** The same for the same process, where the era has that. */
  readonly identity?: ReturnType<typeof generateIdentity>
  readonly process?: string
  /** In the era `relay`: says that it waits for credit, as ours does. */
  readonly heedsCredit?: boolean
  /** What it answers to a request; `undefined`: nothing. By default its params. */
  readonly answer?: (method: string, params: unknown) => unknown
  /** What it answers to a Noise handshake instead of the right thing; `undefined`: nothing. */
  readonly handshake?: () => Uint8Array | undefined
  /** The key that it asks the gateway about, rather than the one that shook hands. */
  readonly askedKey?: NoisePublicKey
}

interface Stream {
  keys?: NoiseKeys
  reader?: RecordReader
  seq: number
}

/** A machine that dials a gateway as a stock exec-server of its era does, and answers requests as the test says. */
export class DiallingExecutor implements AsyncDisposable {
  readonly options: DiallingOptions
  readonly messages = new Mailbox<StreamMessage>()
  readonly resets = new Mailbox<StreamMessage>()
  readonly identity
  /** The address it was told to dial. */
  address = ''
  reply: Record<string, unknown> = {}
  pongs = 0
  pings = 0
  /** Whether a Noise executor that asked about the gateway was told yes. */
  readonly validations = new Mailbox<boolean>()
  /** What happens in the middle of a handshake, before it is answered, and what came of it. */
  whileAsked: (() => Promise<boolean>) | undefined
  readonly asked = new Mailbox<boolean>()
  /** Who shook hands last, and with what authorization. */
  lastHandshake: { sender: NoisePublicKey; authorization: string } | undefined
  socket: WebSocket | undefined
  closed: Promise<string> = Promise.resolve('')
  readonly #streams = new Map<string, Stream>()

  constructor(options: DiallingOptions) {
    this.options = options
    this.identity = options.era === 'noise' ? (options.identity ?? generateIdentity()) : undefined
  }

  get #era() {
    return this.options.era ?? 'relay'
  }

  async join(): Promise<void> {
    const { status, body } = await this.register()
    if (status !== 200) throw new Error(`Not registered: ${status} ${body}`)
    await this.dial()
  }

  async register(): Promise<HttpAnswer> {
    const { url, id, token } = this.options
    const path = { text: 'executor', relay: 'environment', noise: 'environment', direct: 'environment' }[
      this.#era
    ]
    const end = this.#era === 'direct' ? 'direct/register' : 'register'
    const address = `${url}/cloud/${path}/${id}/${end}`
    const body = this.#registerBody()
    const answer =
      this.#era === 'direct'
        ? await askHttp(address, { body, headers: signedHeaders(address, token, body) })
        : await askHttp(address, { method: 'POST', body, token })
    if (answer.status === 200) {
      this.reply = answer.json()
      this.address = String(this.reply.url)
    }
    return answer
  }

  /** Connects to the address it was given. Rejects with the status when it is refused. */
  async dial(): Promise<void> {
    const socket = new WebSocket(this.address, { perMessageDeflate: false })
    const refused = once(socket, 'unexpected-response').then(([, response]) => {
      socket.on('error', () => {}).terminate()
      throw new Error(`Refused: ${response.statusCode}`)
    })
    await Promise.race([once(socket, 'open'), refused])
    refused.catch(() => {})
    this.socket = socket
    this.#streams.clear()
    this.closed = new Promise((resolve) => socket.on('close', (_, reason) => resolve(reason.toString())))
    socket.on('error', () => {})
    socket.on('pong', () => this.pongs++)
    socket.on('ping', () => this.pings++)
    socket.on('message', (data: Buffer) => void this.#onFrame(data))
  }

  /** Says something on a stream of itself. */
  say(streamId: string, text: string): void {
    const stream = this.#stream(streamId)
    const message = Buffer.from(text)
    if (this.#era === 'text' || this.#era === 'direct') return this.socket?.send(message, { binary: false })
    const payloads = stream.keys ? [...sealRecords(message, stream.keys.send)] : [message]
    for (const payload of payloads)
      this.#frame(streamId, { kind: 'data', seq: stream.seq++, segmentIndex: 0, segmentCount: 1, payload })
  }

  reset(streamId: string, reason: string): void {
    this.#frame(streamId, { kind: 'reset', reason })
  }

  /** Ends its connection as a network does. */
  async cut(): Promise<void> {
    this.socket?.terminate()
    await this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cut()
  }

  #registerBody(): string | undefined {
    switch (this.#era) {
      case 'text':
        return JSON.stringify({
          idempotency_id: `codex-exec-server-${this.options.process ?? 'p1'}`,
          executor_id: this.options.id,
          name: 'n1',
          labels: {},
          metadata: {},
        })
      case 'relay':
        return this.options.heedsCredit ? '{"stream_credit":true}' : undefined
      case 'noise':
        return JSON.stringify({
          security_profile: 'noise_hybrid_ik_v1',
          executor_public_key: publicKeyToJson(publicHalf(this.identity!)),
        })
      case 'direct':
        return '{"transport":"direct_jsonrpc_v1"}'
    }
  }

  async #onFrame(data: Buffer): Promise<void> {
    if (this.#era === 'text' || this.#era === 'direct') return this.#onMessage('', data)
    const { streamId, body } = decodeRelayFrame(data)
    switch (body.kind) {
      case 'handshake':
        return this.#shakeHands(streamId, body.payload)
      case 'data': {
        const { reader } = this.#stream(streamId)
        const messages = reader ? reader.push(body.payload) : [body.payload]
        for (const message of messages) this.#onMessage(streamId, message)
        return
      }
      case 'reset':
        this.#streams.delete(streamId)
        return this.resets.put({ streamId, text: body.reason })
    }
  }

  async #shakeHands(streamId: string, first: Uint8Array): Promise<void> {
    const { id: environmentId, handshake } = this.options
    if (handshake) {
      const payload = handshake()
      if (payload) this.#frame(streamId, { kind: 'handshake', payload })
      return
    }
    const registrationId = String(this.reply.executor_registration_id)
    const { answer, keys, payload, sender } = respond(
      this.identity!,
      { environmentId, registrationId, streamId },
      first,
    )
    this.lastHandshake = { sender, authorization: payload }
    if (this.whileAsked) this.asked.put(await this.whileAsked())
    const isValid = await this.validate(this.options.askedKey ?? sender, payload)
    this.validations.put(isValid)
    if (!isValid) return this.reset(streamId, 'noise_relay_protocol_error')
    this.#streams.set(streamId, { keys, reader: new RecordReader(keys.receive), seq: 0 })
    this.#frame(streamId, { kind: 'handshake', payload: answer })
  }

  /** Asks the gateway whether a key and an authorization are its own. */
  async validate(harness: NoisePublicKey, authorization: string): Promise<boolean> {
    const { url, id, token } = this.options
    const body = {
      executor_registration_id: this.reply.executor_registration_id,
      harness_public_key: {
        suite: NOISE_SUITE,
        x25519_public_key: harness.x25519.toString('base64'),
        mlkem768_public_key: harness.kem.toString('base64'),
      },
      harness_key_authorization: authorization,
    }
    const answer = await askHttp(`${url}/cloud/environment/${id}/validate`, { body, token })
    return answer.status === 200 && answer.json().valid === true
  }

  #onMessage(streamId: string, data: Uint8Array): void {
    const text = Buffer.from(data).toString()
    this.messages.put({ streamId, text })
    const { id, method, params } = parsed(text)
    if (id === undefined) return
    const result = this.options.answer ? this.options.answer(method, params) : params
    if (result !== undefined) this.say(streamId, JSON.stringify({ id, result }))
  }

  #frame(streamId: string, body: RelayBody): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(encodeRelayFrame({ streamId, body }))
  }

  #stream(streamId: string): Stream {
    const known = this.#streams.get(streamId)
    if (known) return known
    const stream = { seq: 0 }
    this.#streams.set(streamId, stream)
    return stream
  }
}

/** A bridge may send anything; what is no request is passed over, as a stock exec-server does. */
function parsed(text: string): { id?: unknown; method: string; params?: unknown } {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return { method: '' }
  }
}
