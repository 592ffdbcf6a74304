import { JsonLines, type Message } from './json-lines.ts'
import { type ProgramOptions, type RunningProgram, startProgram } from './program.ts'

/** A session with the built server, as an agent opens one: one call at a time. Disposing kills what still runs. */
export class McpSession implements AsyncDisposable {
  readonly #program: RunningProgram
  readonly #lines: JsonLines
  #nextId = 0

  constructor(program: RunningProgram) {
    this.#program = program
    this.#lines = new JsonLines(program.child.stdin, program.child.stdout)
    // Not read by most tests; a pipe that is full would hold the server.
    program.child.stderr.resume()
  }

  /** Starts `env-mcp` with these arguments and says hello. */
  static async open(args: readonly string[], options?: ProgramOptions): Promise<McpSession> {
    const session = new McpSession(startProgram(args, options))
    await session.ask('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    })
    return session
  }

  /** Sends a request and gives its result; throws on an error of the protocol. */
  async ask(method: string, params: object): Promise<Message> {
    const { result, error } = await this.#lines.ask({ id: this.#nextId++, method, params })
    if (error) throw new Error(JSON.stringify(error))
    return result as Message
  }

  /** Calls a tool and gives its text. */
  async call(name: string, args: object = {}, meta: object = {}): Promise<string> {
    const { content } = await this.ask('tools/call', { _meta: meta, name, arguments: args })
    return (content as { text: string }[]).map(({ text }) => text).join('\n')
  }

  /** Sends a call whose answer nobody waits for. */
  begin(name: string, args: object): void {
    this.#lines.send({ id: this.#nextId++, method: 'tools/call', params: { name, arguments: args } })
  }

  /** Ends the input, or sends a signal; gives the exit code. */
  async end(signal?: NodeJS.Signals): Promise<number | string> {
    if (signal) this.#program.child.kill(signal)
    else this.#lines.end()
    return this.#program.exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lines[Symbol.dispose]()
    await this.#program[Symbol.asyncDispose]()
  }
}
