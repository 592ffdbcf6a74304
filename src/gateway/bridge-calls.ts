import type { Frame } from '../rpc/transport.ts'
import type { CallIds } from '../util/call-ids.ts'
import type { Clock } from '../util/clock.ts'
import { type CallHead, readAnswer, readCall } from './message-head.ts'
import type { CallRecord, Outcome } from './watch.ts'

/** Calls of one stream that are followed at a time; more of them than any client waits for. */
const MAX_CALLS = 1024

interface Call {
  readonly head: CallHead
  readonly ids: CallIds | undefined
  readonly startedAt: number
  readonly bytesUp: number
}

/** Brings the calls of one bridge together with their answers, and tells of each when it is over. */
export class BridgeCalls {
  readonly #clock: Clock
  readonly #over: (call: Omit<CallRecord, 'facts'>) => void
  readonly #streams = new Map<string, Map<string, Call>>()

  constructor(clock: Clock, over: (call: Omit<CallRecord, 'facts'>) => void) {
    this.#clock = clock
    this.#over = over
  }

  up(streamId: string, message: Frame, ids: CallIds | undefined): void {
    const head = readCall(message)
    const call = { ids, startedAt: this.#clock.now(), bytesUp: message.byteLength }
    if (head.kind === 'unread') this.#tell({ ...call, head: UNREAD_HEAD }, 'unread', 0)
    if (head.kind === 'call') this.#follow(streamId, head.id, { ...call, head })
  }

  down(streamId: string, message: Frame): void {
    const calls = this.#streams.get(streamId)
    if (!calls || calls.size === 0) return
    const head = readAnswer(message)
    const call = head.kind === 'answer' ? calls.get(head.id) : undefined
    if (head.kind !== 'answer' || !call) return
    calls.delete(head.id)
    this.#tell(call, head.isError ? 'error' : 'ok', message.byteLength)
  }

  /** What still waits for an answer gets none. */
  ended(streamId: string): void {
    for (const call of this.#streams.get(streamId)?.values() ?? []) this.#tell(call, 'lost', 0)
    this.#streams.delete(streamId)
  }

  /** A call whose id is in use takes the place of the older; nobody could tell their answers apart. */
  #follow(streamId: string, id: string, call: Call): void {
    const calls = this.#streams.get(streamId) ?? new Map<string, Call>()
    this.#streams.set(streamId, calls)
    const [oldest] = calls.keys()
    const displaced = calls.has(id) ? id : calls.size >= MAX_CALLS ? oldest : undefined
    if (displaced !== undefined) {
      this.#tell(calls.get(displaced)!, 'unread', 0)
      calls.delete(displaced)
    }
    calls.set(id, call)
  }

  #tell({ head, ids, startedAt, bytesUp }: Call, outcome: Outcome, bytesDown: number): void {
    const { method, processId, program } = head
    const durationMs = this.#clock.now() - startedAt
    this.#over({ method, processId, program, ids, durationMs, bytesUp, bytesDown, outcome })
  }
}

const UNREAD_HEAD: CallHead = { method: '', processId: undefined, program: undefined }
