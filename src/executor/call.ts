import type { Methods } from '../protocol/methods.ts'
import type { Guests } from './guests.ts'
import type { LocalExecutor } from './local.ts'
import type { OpenFiles } from './open-files.ts'
import type { Params } from './params.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

/** What a method works with. */
export interface Call {
  readonly params: Params
  /** That of the connection. */
  readonly session: Session
  readonly sessions: Sessions
  /** Processes of other sessions that the connection follows. */
  readonly guests: Guests
  /** The session of a process: that of the connection, unless it follows one of another. */
  sessionOf(processId: string): Session
  readonly executor: LocalExecutor
  readonly files: OpenFiles
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal
  /** The most bytes of a file that fit into one answer. */
  readonly maxFileBytes: number
  /** Resolves when the connection takes more. For methods whose answers are large. */
  drained(): Promise<void>
}

/** Methods of the protocol, each with its answer. */
export type MethodTable = {
  readonly [M in keyof Methods]?: (call: Call) => Promise<Methods[M]['result']>
}
