import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BridgeError } from '../../src/util/errors.ts'
import { callScope, waitFor } from '../../src/util/signals.ts'
import type { Answer } from './answer.ts'
import type { AskedProcess } from './asked-process.ts'
import type { EnvironmentName } from './environments.ts'
import type { Traits } from './machines.ts'
import type { Schedule } from './schedule.ts'
import type { ServerProcess } from './server-process.ts'

/** What must not be. */
export type ViolationKind =
  /** A failure was told though the faults can be survived. */
  | 'failure seen'
  /** Output of a process that is missing, twice, or out of order. */
  | 'output'
  /** Something was done twice, or not at all though the answer says so. */
  | 'effect'
  /** A file that is neither what it was nor what it was to be. */
  | 'file'
  /** The answer says that nothing was done, and it was. */
  | 'untruth'
  /** No answer in time. */
  | 'deadline'
  /** A process runs that nobody knows of. */
  | 'process'
  /** The server holds more than at the beginning. */
  | 'leak'
  /** The server has ended, or says that something unexpected happened in it. */
  | 'server'

export interface Violation {
  readonly kind: ViolationKind
  readonly text: string
}

/** One call and its answer, in ms since the beginning. */
export interface CallRecord {
  readonly tool: string
  readonly args: object
  readonly beganMs: number
  endedMs?: number
  answer?: string
}

export interface StageOptions {
  /** Says where a session is lost, and how late an answer may be. */
  readonly schedule: Pick<Schedule, 'fatal' | 'patienceMs'>
  readonly server: ServerProcess
  readonly directories: Readonly<Record<EnvironmentName, string>>
  readonly traits: Traits
}

/** How an answer tells of a start that the executor dropped. */
const DROPPED_START = /the answer was lost, and the executor knows no such process now; unknown: it may have/

/** Thrown when a story cannot go on; what is wrong has been noted. */
export class StoryOver extends Error {}

/** Waits for what is played, to its end or to where it cannot go on. */
export async function untilOver(play: Promise<void>): Promise<void> {
  try {
    await play
  } catch (error) {
    if (!(error instanceof StoryOver)) throw error
  }
}

/** Where the stories of one schedule are played: its server and machines, and the notes of what was seen. */
export class Stage {
  readonly calls: CallRecord[] = []
  readonly violations: Violation[] = []
  /** What the stories have asked for. */
  readonly processes: AskedProcess[] = []
  /** Run when all stories are over, and nothing can happen any more. */
  readonly lastChecks: (() => void)[] = []
  readonly traits: Traits
  /** Where a session is lost: a call there may fail, if it says truly what is the case. */
  readonly lost: EnvironmentName | undefined
  /** By how much an answer may be late, in ms. */
  readonly patienceMs: number
  readonly #server: ServerProcess
  readonly #directories: StageOptions['directories']
  readonly #beganMs = performance.now()

  constructor({ schedule, server, directories, traits }: StageOptions) {
    this.#server = server
    this.#directories = directories
    this.lost = schedule.fatal?.environment
    this.traits = traits
    this.patienceMs = schedule.patienceMs
  }

  /** The absolute path of a place in an environment's directory. */
  path(environment: EnvironmentName, ...parts: readonly string[]): string {
    return join(this.#directories[environment], ...parts)
  }

  /** The text of a file in an environment's directory; undefined when there is none. */
  read(environment: EnvironmentName, ...parts: readonly string[]): string | undefined {
    try {
      return readFileSync(this.path(environment, ...parts), 'utf8')
    } catch (error) {
      if (BridgeError.from(error).code === 'not_found') return undefined
      throw error
    }
  }

  violate(kind: ViolationKind, text: string): void {
    this.violations.push({ kind, text })
  }

  /**
   * Notes a failure that a model was told: on machines where all can be survived, none may be, but for the one thing that a
   * stock executor does not survive itself. What such an answer says is checked like any other.
   */
  failed(what: string, text: string, ...environments: readonly EnvironmentName[]): void {
    if (this.isDroppedStart(text)) return
    if (!environments.some((one) => one === this.lost))
      this.violate('failure seen', `${what}: ${text.slice(0, 300)}`)
  }

  /** Whether an answer tells of a start that a stock executor dropped with its connection. */
  isDroppedStart(text: string): boolean {
    return this.traits.dropsStarts && DROPPED_START.test(text)
  }

  /** Calls a tool that by itself answers within `waitMs`. Throws `StoryOver` when no answer comes in time. */
  async call(tool: string, args: object, waitMs: number): Promise<Answer> {
    const record: CallRecord = { tool, args, beganMs: this.#now() }
    this.calls.push(record)
    const { answer } = this.#server.call(tool, args)
    using scope = callScope({ timeoutMs: waitMs + this.patienceMs }, 'the answer')
    try {
      const got = await waitFor(answer, scope.signal)
      record.answer = got.texts.join('\n')
      if (record.answer.includes('[internal]'))
        this.violate('server', `${tool}: ${record.answer.slice(0, 300)}`)
      return got
    } catch (error) {
      const { code, message } = BridgeError.from(error)
      record.answer = `(none: ${message})`
      this.violate(code === 'deadline' ? 'deadline' : 'server', `${tool}: ${message}`)
      throw new StoryOver()
    } finally {
      record.endedMs = this.#now()
    }
  }

  /** Begins a call and gives it up after `afterMs`. */
  async callAndCancel(tool: string, args: object, afterMs: number): Promise<void> {
    const record: CallRecord = { tool, args, beganMs: this.#now() }
    this.calls.push(record)
    const { answer, cancel } = this.#server.call(tool, args)
    answer.catch(() => {}) // nobody waits for it
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    cancel()
    record.answer = '(cancelled)'
    record.endedMs = this.#now()
  }

  #now(): number {
    return Math.round(performance.now() - this.#beganMs)
  }
}
