import type { ProcessSummary } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import type { Session } from './session.ts'
import type { ToolContext, Workspace } from './tool.ts'
import { waitUntil } from './wait-until.ts'

/** Patience with a machine that is asked for a session of another server, in ms. */
const ANSWER_MS = 15_000

/**
 * The session of an id: one that this server has started, or one that another server has started on a machine whose executor
 * shares them, which is taken up then; so is one of its own that it has lost, where the machine has kept it. Rejects with `not_found` that says what is there, or why it cannot be had.
 */
export async function findSession(context: ToolContext, id: string, environment?: string): Promise<Session> {
  const { sessions } = context
  const own = sessions.find(id, environment)
  if (own) return own.state.kind === 'lost' ? ((await keptSession(context, own)) ?? own) : own
  const [name, processId] = partsOf(id, environment)
  if (name === undefined) throw sessions.unknown(id)
  const workspace = await open(context, name, id)
  if (!workspace.executor.features.sharedProcesses) throw sessions.unknown(id, notShared(name))
  try {
    return await takeUp(context, workspace, processId)
  } catch (error) {
    if (BridgeError.from(error).code !== 'not_found') throw error
    throw sessions.unknown(
      id,
      `"${name}" does not know it, or no longer: list_environments {"sessions": true} lists`,
    )
  }
}

/** A session whose machine was away for too long, and may have kept it; read on from where it was. Undefined when it has not. */
async function keptSession(context: ToolContext, lost: Session): Promise<Session | undefined> {
  if (!lost.executor.features.sharedProcesses) return undefined
  try {
    return await takeUp(context, await context.open(lost.environment), lost.request.processId, lost)
  } catch (error) {
    // It stays as lost as it was, unless nobody wants to know any more.
    if (context.signal.aborted) throw error
    return undefined
  }
}

/**
 * Has the executor tell of a process from its first byte on, as a session of this server, and waits for what there is of it. Rejects
 * as `Executor.attach` does.
 */
async function takeUp(
  context: ToolContext,
  workspace: Workspace,
  processId: string,
  lost?: Session,
): Promise<Session> {
  const { sessions } = context
  const options = { signal: context.signal, timeoutMs: ANSWER_MS }
  await workspace.executor.attach(processId, options)
  const all = await workspace.executor.listProcesses(options)
  // Another call may have been faster.
  const known = sessions.find(`${workspace.environment.name}/${processId}`)
  if (known && known !== lost) return known
  if (lost) sessions.forget(lost)
  const summary = all.find((one) => one.processId === processId)
  const session = sessions.adopt(workspace, requestOf(processId, summary))
  if (lost) session.cursor = lost.cursor
  await caughtUp(context, session, summary)
  return session
}

/** Waits, not for ever, until all is known that was when the process was listed: else a long one that has ended would seem to run. */
async function caughtUp(
  { sessions, signal }: ToolContext,
  session: Session,
  { outputBytes = 0, exited = false }: Partial<ProcessSummary> = {},
): Promise<void> {
  const condition = () =>
    session.isOver || (session.knownBytes >= outputBytes && (!exited || session.state.kind !== 'running'))
  await waitUntil({ sessions: [session], condition, clock: sessions.clock, timeoutMs: ANSWER_MS, signal })
}

/** An id is `<environment>/<process>`; the environment may be told beside it instead. */
function partsOf(id: string, environment: string | undefined): [name: string | undefined, processId: string] {
  const at = id.lastIndexOf('/')
  return at < 0 ? [environment, id] : [id.slice(0, at), id.slice(at + 1)]
}

/** A name that is no environment is a wrong id. */
async function open(context: ToolContext, name: string, id: string): Promise<Workspace> {
  try {
    return await context.open(name)
  } catch (error) {
    const { code, message } = BridgeError.from(error)
    if (code !== 'not_found') throw error
    throw context.sessions.unknown(id, message)
  }
}

function notShared(name: string): string {
  return `one that another thread or an earlier server started is out of reach, since the executor of "${name}" does not share sessions: ask that thread, or start the command anew with its output in a file`
}

/** What was asked for when it was started, as far as a list tells. */
function requestOf(processId: string, summary: Partial<ProcessSummary> = {}) {
  const { argv = ['?'], cwd = '', tty = false, pipeStdin = true } = summary
  return { processId, argv, cwd, tty, pipeStdin, env: {} }
}
