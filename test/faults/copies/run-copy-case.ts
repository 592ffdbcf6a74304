import { callScope, waitFor } from '../../../src/util/signals.ts'
import { type Answer, isDoubtful } from '../answer.ts'
import type { CopyCase } from './copy-case.ts'
import { CopyRooms } from './copy-rooms.ts'
import type { CopyStage } from './copy-stage.ts'
import { inflict, reasonOf } from './inflict.ts'

/** What an answer may take on a busy machine, in ms. */
const ANSWER_MS = 60_000
/** What a copy that goes on may send again. */
const WINDOW = 1024 * 1024
/** Greetings, headers of archives and of frames, and what else the machine is asked meanwhile. */
const FRAMING = 512 * 1024
/** Over the bridges bytes travel as base64. */
const INFLATION = { http: 1, ws: 1.4, direct: 1 } as const

/** What came of one case. */
export interface CopyOutcome {
  readonly drawn: CopyCase
  /** What was not as it must be. */
  readonly violations: readonly string[]
  /** The answers, in order. */
  readonly answers: readonly string[]
}

/** Plays one case to its end; the stage is as before then. */
export async function runCopyCase(drawn: CopyCase, stage: CopyStage): Promise<CopyOutcome> {
  const play = new Play(drawn, stage)
  try {
    await play.run()
  } catch (error) {
    play.violations.push(`It could not be played: ${String(error)}`)
  }
  return { drawn, violations: play.violations, answers: play.answers }
}

class Play {
  readonly violations: string[] = []
  readonly answers: string[] = []
  readonly #drawn: CopyCase
  readonly #stage: CopyStage
  readonly #rooms: CopyRooms
  readonly #total: number

  constructor(drawn: CopyCase, stage: CopyStage) {
    this.#drawn = drawn
    this.#stage = stage
    const id = `case-${drawn.seed}`
    this.#rooms = new CopyRooms(drawn, stage.room(this.#from, `${id}.source`), stage.room('b', id))
    this.#total = drawn.sizes.reduce((sum, size) => sum + size, 0)
  }

  async run(): Promise<void> {
    const first = await this.#copyInTrouble()
    if (first) this.#checkAnswer(first)
    this.#checkRooms(first)
    await this.#copyAgain(first)
  }

  get #from(): 'a' | 'b' {
    return this.#drawn.transport === 'direct' ? 'b' : 'a'
  }

  /** Undefined when nobody could answer. */
  async #copyInTrouble(): Promise<Answer | undefined> {
    const answer = this.#copy().catch((error: unknown) => this.#noAnswer(error))
    let isOver = false
    void answer.then(() => {
      isOver = true
    })
    const moment = this.#drawn.moment * this.#total
    while (!isOver && this.#rooms.arrived < moment) await new Promise((resolve) => setTimeout(resolve, 1))
    const mend = await inflict(this.#drawn.trouble, this.#stage, this.#rooms)
    try {
      return await answer
    } finally {
      await mend()
      await this.#stage.comeBack()
    }
  }

  /** Of a server that is killed none can come. */
  #noAnswer(error: unknown): undefined {
    if (this.#drawn.trouble.kind !== 'server killed') this.violations.push(`No answer: ${String(error)}`)
  }

  async #copy(): Promise<Answer> {
    const { transport, isTree } = this.#drawn
    using scope = callScope({ timeoutMs: ANSWER_MS }, 'the answer')
    const args = {
      source_environment_id: this.#from,
      source_path: this.#rooms.source,
      destination_environment_id: 'b',
      destination_path: `${this.#rooms.destination}/`,
      recursive: isTree,
      transport: transport === 'direct' ? 'auto' : transport,
      timeout_ms: ANSWER_MS,
    }
    const answer = await waitFor(this.#stage.server.call('copy_path', args).answer, scope.signal)
    this.answers.push(answer.texts.join('\n'))
    return answer
  }

  /** It failed for the reason that there was, and says so in one line. */
  #checkAnswer({ isError, texts }: Answer): void {
    const text = texts.join('\n')
    if (!isError) return
    if (!/^\[\w+\] Cannot copy ".*" on "." to ".*" on "b": \S[^\n]*$/.test(text))
      this.violations.push(`The answer is not one line that says what failed: ${text}`)
    if (!reasonOf(this.#drawn.trouble).test(text)) this.violations.push(`That is not the reason: ${text}`)
  }

  /** After the trouble: untouched or whole, and nothing beside it but one partial copy, of which the answer tells. */
  #checkRooms(first: Answer | undefined): void {
    const { replaces, isTree, trouble } = this.#drawn
    const standing = this.#rooms.standing()
    const text = first?.texts.join('\n') ?? ''
    if (standing === 'wrong' || (standing === 'part' && !(replaces && isTree)))
      this.violations.push(`The destination is ${standing}`)
    if (first?.isError === false && standing !== 'whole')
      this.violations.push(`The answer says that it is copied, and it is ${standing}`)
    const isTrue = trouble.kind === 'source changed' || isDoubtful(text) || /in place already/.test(text)
    if (first?.isError && standing === 'whole' && !isTrue)
      this.violations.push(`The answer says that it is not copied, and it is: ${text}`)
    const { beside, partials } = this.#rooms
    if (beside.length > partials.length || partials.length > (first?.isError === false ? 0 : 1))
      this.violations.push(`Beside it lies ${beside.join(', ')}`)
    // Nobody can see it while its directory is away.
    const isTold = text === '' || trouble.kind === 'place taken' || /the same call goes on/.test(text)
    if (partials.length > 0 && !isTold) this.violations.push(`Nobody is told of the partial copy: ${text}`)
  }

  /** The cause is mended: then it ends whole, leaves nothing beside it, and sends no more than one window again. */
  async #copyAgain(first: Answer | undefined): Promise<void> {
    const { transport, trouble } = this.#drawn
    const missing = this.#total - this.#rooms.arrived
    const wasWhole = first?.isError === false
    const network = this.#stage.network('b')
    network.down = 0
    const { isError, texts } = await this.#copy()
    const sent = network.down
    if (isError) this.violations.push(`The next try fails, too: ${texts.join('\n')}`)
    if (this.#rooms.standing() !== 'whole')
      this.violations.push(`After the next try it is ${this.#rooms.standing()}`)
    else if (this.#rooms.wrongTimes().length > 0)
      this.violations.push(`Not of the time of the source: ${this.#rooms.wrongTimes().join(', ')}`)
    if (this.#rooms.beside.length > 0)
      this.violations.push(`The next try leaves ${this.#rooms.beside.join(', ')}`)
    const most = (missing + WINDOW) * INFLATION[transport] + FRAMING
    if (!wasWhole && trouble.kind !== 'source changed' && sent > most)
      this.violations.push(`The next try sent ${sent} bytes, and ${missing} were missing`)
  }
}
