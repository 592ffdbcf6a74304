import type { Environment } from '../environments/environment.ts'
import type { ProcessSummary } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import { callScope, waitFor } from '../util/signals.ts'
import { unwrapped } from './command.ts'
import type { Session } from './session.ts'
import type { ToolContext } from './tool.ts'

/** How long one machine is waited for, in ms: those that are away must not hide the others. */
const ANSWER_MS = 8000
/** Sessions listed of one environment that are over; those that run are all listed, up to as many as an executor tells. */
const RECENT = 10
const COMMAND_CHARS = 200

/** What a list says of one session. */
export interface ListedSession {
  readonly session_id: string
  readonly command: string
  readonly state: 'running' | 'exited' | 'lost'
  readonly exit_code?: number
  readonly started_at?: string
  readonly output_bytes?: number
}

/** The running and recent sessions of one environment, and a note where they are not all there are. */
export interface EnvironmentSessions {
  readonly sessions: readonly ListedSession[]
  readonly sessions_note?: string
}

/** Lists the sessions of an environment: those of all servers where its executor shares them, else those of this one. */
export async function listSessions(
  context: ToolContext,
  environment: Environment,
): Promise<EnvironmentSessions> {
  const own = context.sessions.list().filter((session) => session.environment === environment.name)
  const ownOnly = own.map(ownSession)
  using scope = callScope({ signal: context.signal, timeoutMs: ANSWER_MS })
  try {
    const { executor } = await waitFor(context.open(environment.name), scope.signal)
    if (!executor.features.sharedProcesses)
      return {
        sessions: ownOnly,
        sessions_note: 'only those of this server: its executor does not share sessions',
      }
    const all = await executor.listProcesses({ signal: scope.signal })
    const running = all.filter(({ exited }) => !exited)
    const over = all.filter(({ exited }) => exited).slice(0, RECENT)
    const hosted = own.filter((session) => session.executor !== executor).map(ownSession)
    const shared = [...running, ...over].map((process) => sharedSession(environment.name, process))
    return { sessions: [...hosted, ...shared] }
  } catch (error) {
    const { message } = BridgeError.from(error)
    return { sessions: ownOnly, sessions_note: `only those of this server: ${message}` }
  }
}

function ownSession({ id, request, state }: Session): ListedSession {
  return {
    session_id: id,
    command: commandOf(unwrapped(request.argv)),
    state: state.kind,
    ...(state.kind === 'exited' ? { exit_code: state.exitCode } : {}),
  }
}

function sharedSession(environment: string, process: ProcessSummary): ListedSession {
  const { processId, argv, exited, exitCode, startedAtMs, outputBytes } = process
  return {
    session_id: `${environment}/${processId}`,
    command: commandOf(argv),
    state: exited ? 'exited' : 'running',
    ...(exitCode === undefined ? {} : { exit_code: exitCode }),
    started_at: new Date(startedAtMs).toISOString(),
    output_bytes: outputBytes,
  }
}

/** The line that a shell was given, or the words. */
function commandOf(argv: readonly string[]): string {
  const isLine = argv.length >= 3 && /^-\w*c$/.test(argv[1] ?? '')
  const text = isLine ? argv[2]! : argv.join(' ')
  return text.length > COMMAND_CHARS ? `${text.slice(0, COMMAND_CHARS)}…` : text
}
