import type { ProcessSummary } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import type { Session } from './session.ts'
import type { ToolContext, Workspace } from './tool.ts'

/** Patience with a machine that is asked for a session of another server, in ms. */
const ANSWER_MS = 15_000

/**
 * The session of an id: one that this server has started, or one that another server has started on a machine whose executor
 * shares them, which is taken up then. Rejects with `not_found` that says what is there, or why it cannot be had.
 */
export async function findSession(context: ToolContext, id: string, environment?: string): Promise<Session> {
  const { sessions } = context
  const own = sessions.find(id, environment)
  if (own) return own
  const [name, processId] = partsOf(id, environment)
  if (name === undefined) throw sessions.unknown(id)
  const workspace = await open(context, name, id)
  const { executor } = workspace
  if (!executor.features.sharedProcesses) throw sessions.unknown(id, notShared(name))
  const options = { signal: context.signal, timeoutMs: ANSWER_MS }
  try {
    await executor.attach(processId, options)
  } catch (error) {
    if (BridgeError.from(error).code !== 'not_found') throw error
    throw sessions.unknown(
      id,
      `"${name}" does not know it, or no longer: list_environments {"sessions": true} lists`,
    )
  }
  const all = await executor.listProcesses(options)
  const known = sessions.find(id, environment)
  return known ?? sessions.adopt(workspace, requestOf(all, processId))
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
function requestOf(all: readonly ProcessSummary[], processId: string) {
  const found = all.find((one) => one.processId === processId)
  const { argv = ['?'], cwd = '', tty = false, pipeStdin = true } = found ?? {}
  return { processId, argv, cwd, tty, pipeStdin, env: {} }
}
