import { isDoubtful, type ProcessAnswer } from '../answer.ts'
import { AskedProcess } from '../asked-process.ts'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'
import { readToEnd } from './read-to-end.ts'
import { ALL_OUTPUT, drawPrinting, noteStart, type Printing, printedLine, printScript } from './script.ts'

/** `exec_command`, `write_stdin`, `read_output`, `terminate`: a program that answers each line it is given. */
export interface SessionStory {
  readonly kind: 'session'
  readonly id: string
  readonly environment: EnvironmentName
  /** Before it reads its input. */
  readonly printing: Printing
  readonly writes: readonly SessionWrite[]
  readonly ending: 'quit' | 'close' | 'terminate' | 'leave'
  readonly exitCode: number
}

interface SessionWrite {
  /** Lines in one write. */
  readonly lines: number
  readonly yieldMs: number
  /** `read_output` follows. */
  readonly isRead: boolean
}

export function drawSession(random: Random, id: string, environment: EnvironmentName): SessionStory {
  const writes = Array.from({ length: random.scale(1, 6) }, () => ({
    lines: random.scale(1, 40),
    yieldMs: random.pick([0, 20, 100, 250]),
    isRead: random.chance(0.4),
  }))
  const ending = random.weighted({ quit: 4, close: 3, terminate: 3, leave: 1 })
  return {
    kind: 'session',
    id,
    environment,
    printing: drawPrinting(random, 200),
    writes,
    ending,
    exitCode: random.pick([0, 3]),
  }
}

/** Plays it: each line is taken at most once and answered once, the output is whole, and the process ends when it must. */
export async function playSession(story: SessionStory, stage: Stage): Promise<void> {
  await new SessionPlay(story, stage).play()
}

interface Written {
  readonly line: string
  fate: 'done' | 'doubtful' | 'not done'
}

class SessionPlay {
  readonly #story: SessionStory
  readonly #stage: Stage
  readonly #process: AskedProcess
  readonly #written: Written[] = []
  #sessionId = ''
  #hasQuit = false

  constructor(story: SessionStory, stage: Stage) {
    this.#story = story
    this.#stage = stage
    this.#process = new AskedProcess(stage, story.environment, story.id)
    stage.lastChecks.push(() => this.#checkEffects())
  }

  async play(): Promise<void> {
    const { writes } = this.#story
    if (!(await this.#start())) return
    for (const write of writes) if (!(await this.#write(write))) return
    await this.#end()
  }

  async #start(): Promise<boolean> {
    const { id, environment, printing, exitCode } = this.#story
    for (let n = 1; n <= printing.lines; n++) this.#process.output.expect(printedLine(id, printing, n))
    const answerLines = `while IFS= read -r line; do
[ "$line" = quit ] && break
echo "$line" >> effects/${id}
echo "${id} took $line"
done
echo "${id} ends"`
    const script = [noteStart(id), printScript(id, printing), answerLines, `exit ${exitCode}`].join('\n')
    const args = { environment_id: environment, command: ['sh', '-c', script], yield_time_ms: 100 }
    const answer = await this.#call('exec_command', args, 100)
    if (answer.kind === 'running') this.#sessionId = answer.sessionId
    return answer.kind === 'running'
  }

  async #write({ lines, yieldMs, isRead }: SessionWrite): Promise<boolean> {
    const texts = Array.from({ length: lines }, (_, n) => `word ${this.#written.length + n + 1}`)
    const written = texts.map((line): Written => ({ line, fate: 'doubtful' }))
    this.#written.push(...written)
    for (const { line } of written) this.#process.output.expect(`${this.#story.id} took ${line}`)
    const chars = texts.map((line) => `${line}\n`).join('')
    const args = { session_id: this.#sessionId, chars, yield_time_ms: yieldMs }
    const answer = await this.#call('write_stdin', args, yieldMs)
    const isDone = answer.kind === 'running'
    const isUndone = answer.kind === 'failed' && !isDoubtful(answer.text)
    for (const one of written) one.fate = isDone ? 'done' : isUndone ? 'not done' : 'doubtful'
    if (!isDone) return false
    if (!isRead) return true
    const read = { session_id: this.#sessionId, yield_time_ms: 100 }
    return (await this.#call('read_output', read, 100)).kind === 'running'
  }

  async #end(): Promise<void> {
    switch (this.#story.ending) {
      case 'leave':
        this.#process.standing = 'left'
        return
      case 'terminate': {
        // An interrupt, 2 s for it to end, a kill, 2 s more.
        const args = { session_id: this.#sessionId }
        const { kind } = await this.#process.call('terminate', { ...args, ...ALL_OUTPUT }, 10_000)
        // Killed, it says, though its end has not been seen yet: then it must be gone in the end.
        if (kind === 'running') this.#process.standing = 'ended'
        return
      }
      case 'close':
        return this.#quit(this.#stage.traits.closesStdin ? { close: true } : { chars: 'quit\n' })
      case 'quit':
        return this.#quit({ chars: 'quit\n' })
    }
  }

  async #quit(how: object): Promise<void> {
    const { id, exitCode } = this.#story
    this.#process.output.expect(`${id} ends`)
    const args = { session_id: this.#sessionId, ...how, yield_time_ms: 250, ...ALL_OUTPUT }
    const answer = await this.#process.call('write_stdin', args, 250)
    this.#hasQuit = await readToEnd(this.#stage, answer, { process: this.#process, exitCode })
  }

  /** A call after which the program must still run. */
  async #call(tool: string, args: object, waitMs: number): Promise<ProcessAnswer> {
    const answer = await this.#process.call(tool, { ...args, ...ALL_OUTPUT }, waitMs)
    if (answer.kind === 'exited')
      this.#stage.violate('effect', `${this.#story.id} ended by itself, with code ${answer.exitCode}`)
    return answer
  }

  /** Of the lines each must have been taken once, in order, where the answer said so. */
  #checkEffects(): void {
    const { environment, id } = this.#story
    const taken = (this.#stage.read(environment, 'effects', id) ?? '').split('\n').slice(0, -1)
    const violate = (what: string) => this.#stage.violate('effect', `${id}: ${what}`)
    const known = this.#written.filter(({ line }) => taken.includes(line))
    const twice = taken.find((line, n) => taken.indexOf(line) !== n)
    const untold = known.find(({ fate }) => fate === 'not done')
    const lost = this.#written.find(({ line, fate }) => fate === 'done' && !taken.includes(line))
    if (twice) violate(`"${twice}" was taken twice`)
    else if (taken.some((line, n) => line !== known[n]?.line)) violate('lines were taken out of order')
    if (untold) violate(`"${untold.line}" was taken, and the answer says that it was not`)
    if (lost && this.#hasQuit) violate(`"${lost.line}" was written, says the answer, and was not taken`)
  }
}
