import { BridgeError } from '../../src/util/errors.ts'
import { callScope, waitFor } from '../../src/util/signals.ts'
import type { Answer } from './answer.ts'
import { ENVIRONMENTS, type EnvironmentName } from './environments.ts'
import type { ServerHoldings, ServerProcess } from './server-process.ts'
import { settle } from './settle.ts'
import type { Stage } from './stage.ts'

/** What the server may hold at the end beyond what it held before its first call, besides what is due to its sessions. */
const MORE = {
  /** A connection to each environment, and one that is just being closed. */
  files: ENVIRONMENTS.length + 1,
  children: 0,
  /**
   * For each environment one that finds out whether it is gone, and one that looks at the file of its token; and one that closes
   * connections which nobody uses.
   */
  timers: 2 * ENVIRONMENTS.length + 1,
  /** Code that is loaded at first use, and results of some MB that wait to be collected. */
  memoryMb: 100,
}
/** How long sockets may take to close, in ms. */
const SETTLE_MS = 3000
/** How long the end of its input may take to end it, in ms. */
const END_MS = 5000

/** After all is over every environment must answer again, and the server must hold no more than its connections. */
export async function checkServer(
  stage: Stage,
  server: ServerProcess,
  before: ServerHoldings | undefined,
): Promise<void> {
  for (const environment of ENVIRONMENTS) await checkEnvironment(stage, environment)
  for (const excess of await settle(() => excessOf(stage, server, before), SETTLE_MS))
    stage.violate('leak', `the server holds ${excess}`)
  for (const line of server.log)
    if (line.includes('error that nobody caught') || line.includes('unexpected error'))
      stage.violate('server', line)
}

/** Where a session was lost one call may be told so, and a last fault of the connection may drop a start; the next one must be good. */
async function checkEnvironment(stage: Stage, environment: EnvironmentName): Promise<void> {
  const call = () => stage.call('shell', { environment_id: environment, command: ['echo', 'fine'] }, 0)
  const isFine = ({ texts }: Answer) => /^fine$/m.test(texts.join())
  let answer = await call()
  const mayFail = environment === stage.lost || stage.isDroppedStart(answer.texts.join())
  if (!isFine(answer) && mayFail) answer = await call()
  if (!isFine(answer))
    stage.violate('server', `"${environment}" does not work any more: ${answer.texts.join()}`)
}

/** Ends the server's input, which must end the server. */
export async function endServer(stage: Stage, server: ServerProcess): Promise<void> {
  server.end()
  using scope = callScope({ timeoutMs: END_MS }, 'its end')
  try {
    const code = await waitFor(server.exited, scope.signal)
    if (code !== 0) stage.violate('server', `ended with ${code}`)
  } catch (error) {
    stage.violate('server', `does not end: ${BridgeError.from(error).message}`)
  }
}

async function excessOf(
  { processes }: Stage,
  server: ServerProcess,
  before: ServerHoldings | undefined,
): Promise<string[]> {
  const now = await server.holdings()
  if (!before || !now) return []
  // Each is waited for with a deadline.
  const sessions = processes.filter(({ standing }) => standing !== 'ended').length
  const more = { ...MORE, timers: MORE.timers + sessions }
  const kinds = ['files', 'children', 'timers', 'memoryMb'] as const
  const grown = kinds.filter((kind) => (now[kind] ?? 0) > (before[kind] ?? 0) + more[kind])
  return grown.map((kind) => `${now[kind]} ${kind}, at first ${before[kind]}`)
}
