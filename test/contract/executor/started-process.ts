import type { Executor, OutputChunk, ReadResult } from '../../../src/protocol/executor.ts'

/** How a process ended, and all it wrote. */
export interface Ended {
  readonly exitCode: number | undefined
  readonly output: string
  readonly bytes: Buffer
  readonly droppedBytes: number
}

/** Longer than any test waits. */
const LONG_MS = 60_000

/** A process of a test, read with one cursor. */
export class StartedProcess {
  readonly executor: Executor
  readonly id: string
  readonly chunks: OutputChunk[] = []
  #lastSeq = 0

  constructor(executor: Executor, id: string) {
    this.executor = executor
    this.id = id
  }

  /** All that was read so far. */
  get output(): string {
    return Buffer.concat(this.chunks.map(({ bytes }) => bytes)).toString()
  }

  /** What came since the last read. */
  async read(waitMs: number): Promise<ReadResult> {
    const result = await this.executor.read(this.id, { afterSeq: this.#lastSeq, waitMs })
    this.#lastSeq = result.lastSeq
    this.chunks.push(...result.chunks)
    return result
  }

  /** Reads until `isEnough`; throws when nothing more can come. */
  async readUntil(isEnough: (result: ReadResult) => boolean): Promise<ReadResult> {
    for (;;) {
      const result = await this.read(LONG_MS)
      if (isEnough(result)) return result
      if (result.closed) throw new Error(`Closed too early, after ${JSON.stringify(this.output.slice(-500))}`)
    }
  }

  /** Reads until this text is in the output. */
  async says(text: string): Promise<void> {
    if (!this.output.includes(text)) await this.readUntil(() => this.output.includes(text))
  }

  /** Reads to the end. */
  async end(): Promise<Ended> {
    const { exitCode, droppedBytes } = await this.readUntil(({ closed }) => closed)
    return {
      exitCode,
      droppedBytes,
      output: this.output,
      bytes: Buffer.concat(this.chunks.map(({ bytes }) => bytes)),
    }
  }
}

/** A shell that does what a test tells it. */
export class DrivenProcess extends StartedProcess {
  async tell(line: string): Promise<void> {
    await this.executor.write(this.id, Buffer.from(`${line}\n`))
  }
}
