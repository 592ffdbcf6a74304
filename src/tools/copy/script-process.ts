import { randomBytes } from 'node:crypto'
import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, callScope, throwIfAborted } from '../../util/signals.ts'
import { scriptArgv } from './script-argv.ts'
import { scriptFailure } from './script-failure.ts'

const CLEAN_UP_TIMEOUT_MS = 5_000
const WAIT_MS = 30_000
/** Of what a script writes to stderr the end is kept: there stands why it failed. */
const MAX_STDERR_CHARS = 4_096

/** C: one order of names and one language of messages everywhere. COPYFILE_DISABLE: macOS's tar would add `._` files. */
export const SCRIPT_ENVIRONMENT = { LC_ALL: 'C', COPYFILE_DISABLE: '1' } as const

/**
 * A shell script of ours that runs on a machine, with a pipe as its input. stdout is read piece by piece, nothing of it
 * may be lost; stderr is kept for the failure. Disposing it ends it, if need be, and waits until it is gone.
 */
export class ScriptProcess implements AsyncDisposable {
  readonly #executor: Executor
  readonly #id = `copy-${randomBytes(9).toString('hex')}`
  #afterSeq = 0
  #stderr = ''
  #exitCode: number | undefined

  private constructor(executor: Executor) {
    this.#executor = executor
  }

  static async start(
    executor: Executor,
    script: string,
    args: readonly string[],
    options: CallOptions,
  ): Promise<ScriptProcess> {
    const process = new ScriptProcess(executor)
    try {
      await process.#start(scriptArgv(script, args), options)
      throwIfAborted(options.signal)
      return process
    } catch (error) {
      // A start that was given up may have started something.
      await process[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Undefined until it is over and all it wrote has been read. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  /** The end of what it has written to stderr so far. */
  get stderr(): string {
    return this.#stderr
  }

  /** What it has written to stdout since the last read, empty at the end; waits until there is something, or it is over. */
  async read(options: CallOptions): Promise<Buffer> {
    while (this.#exitCode === undefined) {
      const request = { afterSeq: this.#afterSeq, waitMs: WAIT_MS }
      const result = await this.#executor.read(this.#id, request, options)
      if (result.droppedBytes > 0)
        throw new BridgeError(
          'process_lost',
          `${result.droppedBytes} bytes of the stream were lost on the way`,
        )
      this.#afterSeq = result.lastSeq
      const stdout = result.chunks.filter((chunk) => chunk.stream === 'stdout')
      const stderr = result.chunks.filter((chunk) => chunk.stream === 'stderr')
      for (const { bytes } of stderr) this.#stderr += Buffer.from(bytes).toString('utf8')
      this.#stderr = this.#stderr.slice(-MAX_STDERR_CHARS)
      if (result.closed) this.#exitCode = result.exitCode ?? -1
      if (stdout.length > 0 || stderr.length > 0) return Buffer.concat(stdout.map((chunk) => chunk.bytes))
    }
    return Buffer.alloc(0)
  }

  /** Writes to its input; resolves when it is queued there. */
  write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    return this.#executor.write(this.#id, bytes, options)
  }

  /** Why it failed: its last words, with a code that fits them. `action` begins the message. */
  failure(action: string): BridgeError {
    return scriptFailure(action, { exitCode: this.#exitCode, stderr: this.#stderr })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using scope = callScope({ timeoutMs: CLEAN_UP_TIMEOUT_MS })
    try {
      if (this.#exitCode === undefined) await this.#executor.terminate(this.#id, { signal: scope.signal })
      while (this.#exitCode === undefined) await this.read({ signal: scope.signal })
    } catch {
      // The machine is gone, or never had the process: nothing more can be done about it from here.
    }
    this.#executor.forget(this.#id)
  }

  #start(argv: string[], { signal }: CallOptions): Promise<void> {
    const how = { cwd: '/', env: SCRIPT_ENVIRONMENT, tty: false, pipeStdin: true }
    return this.#executor.start({ processId: this.#id, argv, ...how }, { signal })
  }
}
