import { isDoubtful, type ProcessAnswer, parseProcessAnswer } from './answer.ts'
import type { EnvironmentName } from './environments.ts'
import { ExpectedOutput } from './expected-output.ts'
import { type Stage, StoryOver } from './stage.ts'

/**
 * How a process stands as the model was told. `left`: handed out as a session that nobody ends; `stopped`: given up, so it
 * must not run, if it ever did; `doubtful`: an answer says that this is not known.
 */
export type Standing = 'not started' | 'running' | 'left' | 'ended' | 'stopped' | 'doubtful'

/** A process that a story asks for, with what the model has been told of it. Its command notes its start, see `noteStart`. */
export class AskedProcess {
  readonly environment: EnvironmentName
  readonly id: string
  readonly output = new ExpectedOutput()
  standing: Standing = 'doubtful'
  readonly #stage: Stage

  constructor(stage: Stage, environment: EnvironmentName, id: string) {
    this.#stage = stage
    this.environment = environment
    this.id = id
    stage.processes.push(this)
  }

  /** The processes that have noted that they are this one: one for each time it was started. */
  get pids(): number[] {
    const lines = this.#stage.read(this.environment, 'starts', this.id) ?? ''
    return lines.split('\n').filter(Boolean).map(Number)
  }

  /** Calls a tool about it, which by itself answers within `waitMs`, and notes what the answer says. */
  async call(tool: string, args: object, waitMs: number): Promise<ProcessAnswer> {
    const answer = parseProcessAnswer(await this.#stage.call(tool, args, waitMs))
    const isFirst = !('session_id' in args)
    switch (answer.kind) {
      case 'running':
      case 'exited':
        this.standing = answer.kind === 'running' ? 'running' : 'ended'
        // `terminate` shows the last lines again when there are no new ones.
        this.#check(
          tool === 'terminate' ? this.output.takeLast(answer.output) : this.output.take(answer.output),
        )
        return answer
      case 'lost':
        this.standing = 'doubtful'
        this.#stage.failed(`${tool} of ${this.id}`, answer.text, this.environment)
        this.#check(this.output.takeLast(answer.output))
        return answer
      case 'failed':
        this.standing = isFirst && !isDoubtful(answer.text) ? 'not started' : 'doubtful'
        this.#stage.failed(`${tool} of ${this.id}`, answer.text, this.environment)
        return answer
    }
  }

  #check(wrong: string | undefined): void {
    if (wrong === undefined) return
    this.#stage.violate('output', `of ${this.id}: ${wrong}`)
    throw new StoryOver()
  }
}
