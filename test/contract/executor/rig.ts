import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Executor, StartRequest } from '../../../src/protocol/executor.ts'
import { killMarked, MARK, markedProcesses } from '../../support/marked-processes.ts'
import { DrivenProcess, StartedProcess } from './started-process.ts'

/**
 * What one test works with: an executor, a directory of its own, and all it starts. Disposing ends that, and fails when
 * something is left running.
 */
export class Rig implements AsyncDisposable {
  readonly executor: Executor
  readonly directory: string
  /** See `ExecutorUnderTest`. */
  readonly readsLate: boolean
  readonly #mark = randomUUID()
  readonly #started: string[] = []

  private constructor(executor: Executor, directory: string, readsLate: boolean) {
    this.executor = executor
    this.directory = directory
    this.readsLate = readsLate
  }

  static async make(executor: Executor, { readsLate }: { readsLate: boolean }): Promise<Rig> {
    return new Rig(executor, await realpath(await mkdtemp(join(tmpdir(), 'env-mcp-contract-'))), readsLate)
  }

  /** The path of a place in the directory. */
  path(name: string): string {
    return `${this.directory}/${name}`
  }

  /** Starts a program. Without options: in the directory, with pipes, with an empty input. */
  async start(argv: readonly string[], options: Partial<StartRequest> = {}): Promise<StartedProcess> {
    return new StartedProcess(this.executor, await this.#launch(argv, options))
  }

  /** Starts a shell with a script. */
  sh(script: string, options: Partial<StartRequest> = {}): Promise<StartedProcess> {
    return this.start(['/bin/sh', '-c', script], options)
  }

  /** Starts a shell that does what it is told, line by line. */
  async driven(): Promise<DrivenProcess> {
    const script = 'while IFS= read -r line; do eval "$line"; done'
    const processId = await this.#launch(['/bin/sh', '-c', script], { pipeStdin: true })
    return new DrivenProcess(this.executor, processId)
  }

  /** What would be started, for tests of starting itself. */
  request(argv: readonly string[], options: Partial<StartRequest> = {}): StartRequest {
    const processId = randomUUID()
    this.#started.push(options.processId ?? processId)
    const defaults = { processId, argv, cwd: this.directory, tty: false, pipeStdin: false }
    return { ...defaults, ...options, env: { ...options.env, [MARK]: this.#mark } }
  }

  /** The processes of this test that run now, wherever they went. */
  running(): number[] {
    return markedProcesses(this.#mark)
  }

  /** Kills them all. */
  killAll(): void {
    killMarked(this.#mark)
  }

  /** Waits for a file that a process makes to tell how far it is. */
  async sees(name: string): Promise<void> {
    await expect.poll(() => existsSync(this.path(name)), { timeout: 5000, interval: 5 }).toBe(true)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#started.length > 0) await this.#endAll()
    } finally {
      await rm(this.directory, { recursive: true, force: true })
    }
  }

  async #endAll(): Promise<void> {
    try {
      for (const processId of this.#started) await this.executor.terminate(processId)
      await expect.poll(() => this.running(), { timeout: 2000, interval: 5 }).toEqual([])
    } catch (error) {
      killMarked(this.#mark)
      throw error
    } finally {
      for (const processId of this.#started) this.executor.forget(processId)
    }
  }

  async #launch(argv: readonly string[], options: Partial<StartRequest>): Promise<string> {
    const request = this.request(argv, options)
    await this.executor.start(request)
    return request.processId
  }
}
