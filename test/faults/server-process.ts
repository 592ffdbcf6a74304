import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { type Deferred, deferred } from '../../src/util/deferred.ts'
import type { Answer } from './answer.ts'
import { type Holdings, holdingsOf } from './proc.ts'

/** The last lines of its log that are kept. */
const LOG_LINES = 200

/** Counts its timers, which nothing outside can see. */
const COUNT_TIMERS = pathToFileURL('test/faults/count-timers.mjs').href

/** What the server holds; of a process only where there is /proc. */
export type ServerHoldings = Partial<Holdings> & { readonly timers: number }

/** A call on its way. */
export interface RunningCall {
  readonly answer: Promise<Answer>
  /** Tells the server that nobody waits for the answer any more. */
  cancel(): void
}

/** The built program as an MCP server, spoken to as an agent does, with many calls at a time. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #pending = new Map<number, Deferred<unknown>>()
  readonly #log: string[] = []
  #lastId = 0
  #ended: Error | undefined
  /** Resolves with the exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.exited = once(child, 'close').then(([code, signal]: (number | string)[]) => code ?? signal ?? '')
    // Never rejects.
    void this.exited.then((code) => this.#fail(new Error(`the server has ended with ${code}`)))
    child.stdin!.on('error', () => {})
    createInterface(child.stdout!).on('line', (line) => this.#take(line))
    createInterface(child.stderr!).on('line', (line) => {
      this.#log.push(line)
      if (this.#log.length > LOG_LINES) this.#log.shift()
    })
  }

  /** Starts `program` with these flags, and says hello. */
  static async start(program: string, flags: readonly string[]): Promise<ServerProcess> {
    const args = ['--import', COUNT_TIMERS, program, ...flags]
    const server = new ServerProcess(
      spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] }),
    )
    await server.#ask('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'faults', version: '1' },
    }).answer
    server.#send({ method: 'notifications/initialized' })
    return server
  }

  /** What it holds now; undefined when it has ended. */
  async holdings(): Promise<ServerHoldings | undefined> {
    const counted = once(this.#child, 'message').then(([timers]) => Number(timers))
    if (this.#child.connected) this.#child.send('timers', () => {}) // it may just have ended
    const timers = await Promise.race([counted, this.exited.then(() => undefined)])
    return timers === undefined ? undefined : { ...holdingsOf(this.#child.pid!), timers }
  }

  /** What it has said on stderr of late. */
  get log(): readonly string[] {
    return this.#log
  }

  /** Calls a tool. The answer rejects when the server refuses the call as such, or ends. */
  call(tool: string, args: object): RunningCall {
    const { answer, cancel } = this.#ask('tools/call', { name: tool, arguments: args })
    return { answer: answer.then(answerFrom), cancel }
  }

  /** Ends its input. */
  end(): void {
    this.#child.stdin!.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  #ask(method: string, params: object): { answer: Promise<unknown>; cancel(): void } {
    const id = ++this.#lastId
    const answer = deferred<unknown>()
    if (this.#ended) answer.reject(this.#ended)
    else this.#pending.set(id, answer)
    this.#send({ id, method, params })
    return {
      answer: answer.promise,
      cancel: () => this.#send({ method: 'notifications/cancelled', params: { requestId: id } }),
    }
  }

  #send(message: object): void {
    this.#child.stdin!.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  #take(line: string): void {
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: unknown; error?: unknown }
    const pending = id === undefined ? undefined : this.#pending.get(id)
    if (id !== undefined) this.#pending.delete(id)
    if (error === undefined) pending?.resolve(result)
    else pending?.reject(new Error(`the server refuses the call: ${JSON.stringify(error)}`))
  }

  #fail(reason: Error): void {
    this.#ended = reason
    for (const pending of this.#pending.values()) {
      pending.promise.catch(() => {}) // nobody may wait for it any more
      pending.reject(reason)
    }
    this.#pending.clear()
  }
}

function answerFrom(result: unknown): Answer {
  const { content = [], isError = false } = result as { content?: { text?: string }[]; isError?: boolean }
  return { texts: content.flatMap(({ text }) => (text === undefined ? [] : [text])), isError }
}
