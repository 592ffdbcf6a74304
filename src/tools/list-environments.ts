import type { Environment } from '../environments/environment.ts'
import { textResult } from '../host/tool-host.ts'
import { parseBoolean } from './arguments.ts'
import { LIST_ENVIRONMENTS } from './info/list-environments.ts'
import type { Session } from './session.ts'
import type { ConnectedExecutor, Tool } from './tool.ts'

/** Of a command, what is enough to know it again. */
const COMMAND_CHARS = 200

/** Says which environments there are. */
export const listEnvironmentsTool: Tool<{ readonly sessions: boolean }> = {
  info: LIST_ENVIRONMENTS,

  parse: (raw) => ({ sessions: parseBoolean(raw, 'sessions', false) }),

  async run(context, input) {
    const { environments, notes = [], stale, connected } = await context.environments()
    const kept = context.sessions.list()
    const list = environments.map((environment) => ({
      ...describe(environment, connected(environment)),
      ...(input.sessions && { sessions: kept.filter(isOn(environment)).map(describeSession) }),
    }))
    const texts = [JSON.stringify(list, undefined, 1), ...notes.map((note) => `[${note}]`)]
    if (stale) {
      const seconds = Math.round(stale.sinceMs / 1000)
      texts.push(`[The list could not be refreshed and is ${seconds} s old: ${stale.reason}]`)
    }
    return { content: texts.flatMap((text) => textResult(text).content), isError: false }
  },
}

function isOn({ name }: Environment): (session: Session) => boolean {
  return ({ environment }) => environment === name
}

function describeSession({ id, request, state }: Session) {
  const command = request.argv.join(' ')
  const shown = command.length > COMMAND_CHARS ? `${command.slice(0, COMMAND_CHARS)}…` : command
  const exitCode = state.kind === 'exited' ? { exit_code: state.exitCode } : {}
  return { session_id: id, command: shown, state: state.kind, ...exitCode }
}

function describe(environment: Environment, connected: ConnectedExecutor | undefined) {
  const { name, description, isDefault, lastSeenAt } = environment
  const { info } = connected?.executor ?? {}
  const roundTripMs = connected?.roundTripMs
  return {
    name,
    description,
    is_default: isDefault,
    last_seen: lastSeenAt,
    ...(info && { os: info.os, shell: info.shell.path, cwd: info.cwd }),
    note: info?.askedShell
      ? 'This executor does not tell all of os, shell and cwd itself: what it does not is what a login shell says'
      : undefined,
    round_trip_ms: roundTripMs === undefined ? undefined : Math.round(roundTripMs * 10) / 10,
  }
}
