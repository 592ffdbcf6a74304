import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, throwIfAborted } from '../../util/signals.ts'
import { ScriptProcess } from './script-process.ts'
import type { Sink } from './sink.ts'
import { TAKE } from './take.ts'

/** One piece of input. Large enough that the `head` each one costs does not matter. */
const SEGMENT_BYTES = 256 * 1024
/** What the process may have been sent without having taken it: an executor that queues 8 MiB for one stops answering. */
const MAX_UNTAKEN_BYTES = 1024 * 1024

/**
 * A consumer of bytes on a machine whose executor cannot end a standard input. A shell loop in front of it reads "N\n" and
 * N bytes, hands them on, and answers "N\n"; "0\n" ends it. So we know what has been taken, and the process ends by itself.
 */
export class FedProcess implements Sink {
  readonly pieceBytes = SEGMENT_BYTES
  readonly keepsHoles = false
  readonly #process: ScriptProcess
  readonly #action: string
  #sentBytes = 0
  #takenBytes = 0
  #answer = ''
  #isEnding = false

  private constructor(process: ScriptProcess, action: string) {
    this.#process = process
    this.#action = action
  }

  /** `consumer`: shell text that reads its input to the end, with `args` as $1 …; `action` begins its failure's message. */
  static async start(
    executor: Executor,
    { consumer, args, action }: { consumer: string; args: readonly string[]; action: string },
    options: CallOptions,
  ): Promise<FedProcess> {
    return new FedProcess(await ScriptProcess.start(executor, feed(consumer), args, options), action)
  }

  async write(bytes: Uint8Array, options: CallOptions): Promise<void> {
    for (let at = 0; at < bytes.byteLength; at += SEGMENT_BYTES) {
      const segment = bytes.subarray(at, at + SEGMENT_BYTES)
      const room = MAX_UNTAKEN_BYTES - segment.byteLength
      while (this.#sentBytes - this.#takenBytes > room) await this.#readAnswers(options)
      this.#sentBytes += segment.byteLength
      await this.#send(Buffer.concat([Buffer.from(`${segment.byteLength}\n`), segment]), options)
    }
  }

  async end(options: CallOptions): Promise<void> {
    this.#isEnding = true
    await this.#send(Buffer.from('0\n'), options)
    while (this.#process.exitCode === undefined) await this.#readAnswers(options)
    if (this.#takenBytes !== this.#sentBytes)
      throw new BridgeError(
        'process_lost',
        `${this.#action}: it took ${this.#takenBytes} of ${this.#sentBytes} bytes`,
      )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }

  async #send(bytes: Uint8Array, options: CallOptions): Promise<void> {
    try {
      await this.#process.write(bytes, options)
    } catch (error) {
      // Most likely the consumer died and its input is closed: then its own words say why.
      throwIfAborted(options.signal)
      while (BridgeError.from(error).code === 'conflict') await this.#readAnswers(options)
      throw error
    }
  }

  /** Waits for answers. Throws when the process is over, but for a good end that it was told to make. */
  async #readAnswers(options: CallOptions): Promise<void> {
    const lines = (this.#answer + (await this.#process.read(options)).toString('latin1')).split('\n')
    this.#answer = lines.pop() ?? ''
    for (const line of lines) this.#takenBytes += Number(line)
    const { exitCode } = this.#process
    if (exitCode !== undefined && !(exitCode === 0 && this.#isEnding))
      throw this.#process.failure(this.#action)
  }
}

/** The exit code of a pipeline is that of its last command: the consumer's. When that dies, `take` fails and the loop ends. */
function feed(consumer: string): string {
  return `${TAKE}exec 3>&1
while IFS= read -r n && [ "$n" != 0 ]; do take "$n" && echo "$n" >&3 || exit; done | {
${consumer}
} >&2 3>&-
`
}
