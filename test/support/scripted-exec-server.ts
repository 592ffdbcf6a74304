import { memoryPair } from '../../src/rpc/memory.ts'
import { encodeMessage } from '../../src/rpc/message.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { Mailbox } from './mailbox.ts'

// biome-ignore lint/suspicious/noExplicitAny: params of every method, looked at by tests only
export type Params = any

/** What an exec-server says to one method: its result, or a `Refusal`. `NO_ANSWER` leaves the caller waiting. */
export type Answer = (params: Params) => unknown

export const NO_ANSWER = Symbol('no answer')

/** An error on the wire. */
export class Refusal extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** A program that a scripted server pretends to run. `output` are chunks of stdout. */
export interface ScriptedProgram {
  readonly output?: readonly string[]
  readonly stderr?: string
  readonly exitCode?: number
}

export interface ScriptedServerOptions {
  readonly answers?: Readonly<Record<string, Answer>>
  /** What a program does when it is started. Without it, or without an answer, it runs and does nothing. */
  readonly program?: (argv: readonly string[], params: Params) => ScriptedProgram | undefined
  /** Requests are worked on one at a time, as by a stock exec-server. */
  readonly isSerial?: boolean
}

/** An exec-server that says what a test tells it to. It keeps all that it was sent. */
export class ScriptedExecServer {
  /** For the client; of no use when the server was given its own end. */
  readonly transport: Transport
  /** Every message that came, in order. */
  readonly received: Params[] = []
  readonly #far: Transport
  readonly #answers: Map<string, Answer>
  readonly #options: ScriptedServerOptions
  readonly #arrivals = new Map<string, Mailbox<Params>>()
  #queue: Promise<unknown> = Promise.resolve()
  #closedReason: Error | undefined

  /** Speaks over `end`, or over memory with whoever has `transport`. */
  constructor(options: ScriptedServerOptions = {}, end?: Transport) {
    this.#options = options
    this.#answers = new Map(Object.entries({ ...STOCK, ...options.answers }))
    const [near, far] = memoryPair()
    this.transport = near
    this.#far = end ?? far
    this.#far.start({
      frame: (data) => this.#take(JSON.parse(Buffer.from(data).toString())),
      closed: (reason) => {
        this.#closedReason = reason
      },
    })
  }

  /** Why the connection is over; undefined while it lives. */
  get closedReason(): Error | undefined {
    return this.#closedReason
  }

  /** The params of every request of that method so far. */
  calls(method: string): Params[] {
    return this.received.filter((message) => message.method === method).map((message) => message.params)
  }

  /** Methods of all requests and notifications, in the order they came. */
  get methods(): string[] {
    return this.received.map((message) => message.method)
  }

  /** The params of the next request of that method that no `next` has given yet. */
  next(method: string): Promise<Params> {
    return this.#mailbox(method).take()
  }

  /** From now on this is what the method answers. */
  answer(method: string, answer: Answer): void {
    this.#answers.set(method, answer)
  }

  notify(method: string, params: Params): void {
    this.#far.send(encodeMessage({ method, params }))
  }

  output(processId: string, seq: number, text: string, stream = 'stdout'): void {
    this.notify('process/output', { processId, seq, stream, chunk: Buffer.from(text).toString('base64') })
  }

  exited(processId: string, seq: number, exitCode = 0): void {
    this.notify('process/exited', { processId, seq, exitCode })
  }

  closed(processId: string, seq: number): void {
    this.notify('process/closed', { processId, seq })
  }

  /** Any text as one message. */
  sendRaw(text: string): void {
    this.#far.send(Buffer.from(text))
  }

  /** Ends the connection as a network does. */
  drop(): void {
    this.#far.close(new Error('socket hang up'))
  }

  #take(message: Params): void {
    this.received.push(message)
    this.#mailbox(message.method).put(message.params)
    if (message.id === undefined) return
    const work = () => this.#respond(message)
    // Neither rejects.
    if (this.#options.isSerial) this.#queue = this.#queue.then(work)
    else void work()
  }

  async #respond({ id, method, params }: Params): Promise<void> {
    const answer = this.#answers.get(method)
    try {
      if (!answer) throw new Refusal(-32601, `exec-server stub does not implement \`${method}\` yet`)
      const result = await answer(params)
      if (result === NO_ANSWER) return new Promise(() => {})
      this.#far.send(encodeMessage({ id, result }))
      if (method === 'process/start') this.#run(params)
    } catch (error) {
      const code = error instanceof Refusal ? error.code : -32603
      this.#far.send(encodeMessage({ id, error: { code, message: String((error as Error).message) } }))
    }
  }

  #run(params: Params): void {
    const program = this.#options.program?.(params.argv, params)
    if (!program) return
    const { processId } = params
    let seq = 0
    for (const text of program.output ?? []) this.output(processId, ++seq, text)
    if (program.stderr) this.output(processId, ++seq, program.stderr, 'stderr')
    this.exited(processId, ++seq, program.exitCode ?? 0)
    this.closed(processId, ++seq)
  }

  #mailbox(method: string): Mailbox<Params> {
    const known = this.#arrivals.get(method)
    if (known) return known
    const made = new Mailbox<Params>()
    this.#arrivals.set(method, made)
    return made
  }
}

const CAPABILITIES = { networkProxyLaunch: true, fileWriteStreaming: true }

/** What codex 0.169 tells of itself. */
export const ENVIRONMENT_INFO = {
  shell: { name: 'bash', path: '/bin/bash' },
  executorVersion: '0.169.0',
  cwd: 'file:///srv/app',
  userHomeDir: 'file:///home/u',
  platformOs: 'linux',
  tempDir: 'file:///tmp',
  capabilities: CAPABILITIES,
}

/** Answers of codex 0.169 to what a client asks of every executor. */
const STOCK: Readonly<Record<string, Answer>> = {
  initialize: () => ({ sessionId: 's1', environmentInfo: ENVIRONMENT_INFO }),
  'fs/getMetadata': ({ path }) => {
    if (path === '/') throw new Refusal(-32602, 'invalid URI: relative URL without a base')
    return { isDirectory: false, isFile: true, isSymlink: false, size: 3, createdAtMs: 0, modifiedAtMs: 1 }
  },
  'process/start': ({ processId }) => ({ processId, sandboxType: 'none' }),
  'process/write': () => ({ status: 'accepted' }),
  'process/terminate': () => ({ running: true }),
  'process/signal': () => ({}),
  'fs/close': () => ({}),
}

/** Answers that make a scripted server older: give them as `answers`, with `undefined` for what it has not. */
const root = (extra: object) => ({
  'fs/getMetadata': () => ({ isDirectory: true, isFile: false, createdAtMs: 0, modifiedAtMs: 1, ...extra }),
})
const missing: Answer = () => {
  throw new Refusal(-32601, 'exec-server stub does not implement this yet')
}
const sessionOnly: Answer = () => ({ sessionId: 's1' })

/** What older versions answer otherwise. */
export const OLDER: Readonly<
  Record<'0.150' | '0.145' | '0.142' | '0.132' | '0.120', Record<string, Answer>>
> = {
  '0.150': {
    initialize: () => {
      const { shell, cwd, tempDir } = ENVIRONMENT_INFO
      return { sessionId: 's1', environmentInfo: { shell, cwd, tempDir, capabilities: {} } }
    },
  },
  '0.145': {
    initialize: sessionOnly,
    'environment/info': () => ({
      shell: ENVIRONMENT_INFO.shell,
      cwd: ENVIRONMENT_INFO.cwd,
      capabilities: { networkProxyLaunch: true },
    }),
  },
  '0.142': {
    initialize: sessionOnly,
    'environment/info': () => ({ shell: ENVIRONMENT_INFO.shell }),
    ...root({ isSymlink: false, size: 4096 }),
  },
  '0.132': {
    initialize: sessionOnly,
    ...root({ isSymlink: false }),
    'fs/close': missing,
    'process/signal': missing,
  },
  '0.120': { initialize: sessionOnly, ...root({}), 'fs/close': missing, 'process/signal': missing },
}
