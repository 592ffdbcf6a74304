import type { ListedProcess } from '../protocol/methods.ts'
import { uriFromPath } from '../protocol/paths.ts'
import type { Call, MethodTable } from './call.ts'
import type { Child } from './child.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Sessions } from './sessions.ts'
import { wireError } from './wire-error.ts'

/** Ours, where processes outlive their clients and are shared by them. */
export const SHARED_METHODS: MethodTable = {
  'process/list': list,
  'process/attach': attach,
}

/** The newest, running ones first. */
async function list({ sessions }: Call): Promise<{ processes: ListedProcess[] }> {
  requireShared('process/list', sessions)
  const processes = [...sessions.processes()].map(([processId, child, clients]) =>
    listed(processId, child, clients),
  )
  processes.sort((a, b) => Number(a.exited) - Number(b.exited) || b.startedAtMs - a.startedAtMs)
  return { processes: processes.slice(0, EXECUTOR_LIMITS.listedProcesses) }
}

function listed(processId: string, child: Child, clients: number): ListedProcess {
  const { argv, cwd, endedAtMs, exitCode, ...summary } = child.summary(processId)
  return {
    ...summary,
    argv: shortened(argv),
    cwd: uriFromPath(cwd),
    endedAtMs: endedAtMs ?? null,
    exitCode: exitCode ?? null,
    closed: child.output.closed,
    clients,
  }
}

/** The first words, cut: a script may be long, and says in its first line what it is. */
function shortened(argv: readonly string[]): string[] {
  let room: number = EXECUTOR_LIMITS.listedArgvChars
  return argv
    .filter((word) => {
      room -= word.length
      return room + word.length > 0
    })
    .map((word) => word.slice(0, EXECUTOR_LIMITS.listedArgvChars))
}

async function attach({ params, session, sessions, guests }: Call): Promise<object> {
  requireShared('process/attach', sessions)
  const processId = params.string('processId')
  const afterSeq = params.has('afterSeq') ? params.integer('afterSeq') : 0
  if (guests.follow(processId, afterSeq, session)) return {}
  throw wireError('invalidRequest', `unknown process id ${processId}`)
}

function requireShared(method: string, { isShared }: Sessions): void {
  if (!isShared)
    throw wireError('methodNotFound', `\`${method}\` is for executors whose clients share processes`)
}
