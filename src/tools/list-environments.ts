import type { Environment } from '../environments/environment.ts'
import { textResult } from '../host/tool-host.ts'
import { parseBoolean } from './arguments.ts'
import { LIST_ENVIRONMENTS } from './info/list-environments.ts'
import { listSessions } from './list-sessions.ts'
import type { ConnectedExecutor, Tool } from './tool.ts'

/** Says which environments there are. */
export const listEnvironmentsTool: Tool<{ readonly sessions: boolean }> = {
  info: LIST_ENVIRONMENTS,

  parse: (raw) => ({ sessions: parseBoolean(raw, 'sessions', false) }),

  async run(context, input) {
    const { environments, notes = [], stale, connected } = await context.environments()
    const list = await Promise.all(
      environments.map(async (environment) => {
        // First: it connects what is not connected yet.
        const sessions = input.sessions ? await listSessions(context, environment) : {}
        return { ...describe(environment, connected(environment)), ...sessions }
      }),
    )
    const texts = [JSON.stringify(list, undefined, 1), ...notes.map((note) => `[${note}]`)]
    if (stale) {
      const seconds = Math.round(stale.sinceMs / 1000)
      texts.push(`[The list could not be refreshed and is ${seconds} s old: ${stale.reason}]`)
    }
    return { content: texts.flatMap((text) => textResult(text).content), isError: false }
  },
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
