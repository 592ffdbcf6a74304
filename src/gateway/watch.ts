import type { CallIds } from '../util/call-ids.ts'
import type { CallHead } from './message-head.ts'
import type { BridgeFacts, CopyFacts, ExecutorFacts, RefusedFacts } from './tap.ts'

/** What came of a call: its answer, or none (`lost`: the stream ended; `unread`: it could not be read, and was not followed). */
export type Outcome = 'ok' | 'error' | 'lost' | 'unread'

/** A connection that is over. Bytes are those of messages: up to the executor, and down from it. */
export interface ConnectionRecord {
  readonly from:
    | { readonly kind: 'executor'; readonly facts: ExecutorFacts }
    | { readonly kind: 'bridge'; readonly facts: BridgeFacts }
    | { readonly kind: 'copy'; readonly facts: CopyFacts }
  readonly durationMs: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Why it ended. */
  readonly outcome: string
}

/** A call that is over. */
export interface CallRecord extends CallHead {
  readonly facts: BridgeFacts
  /** As the client gave them. */
  readonly ids: CallIds | undefined
  readonly durationMs: number
  readonly bytesUp: number
  readonly bytesDown: number
  readonly outcome: Outcome
}

/** Somebody who is told of calls and connections, as the audit and the metrics are. Must be quick, and must not throw. */
export interface Watcher {
  opened?(from: ConnectionRecord['from']): void
  /** A message has passed. */
  relayed?(direction: 'up' | 'down', bytes: number): void
  closed(record: ConnectionRecord): void
  called(record: CallRecord): void
  refused?(facts: RefusedFacts, status: number): void
}
