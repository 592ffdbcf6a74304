import type { Environment } from '../environments/environment.ts'
import { textResult } from '../host/tool-host.ts'
import { parseBoolean, type RawArguments } from './arguments.ts'
import { listSessions } from './list-sessions.ts'
import { inputSchema, LOOKING } from './schema.ts'
import type { ConnectedExecutor, Tool } from './tool.ts'

/** Says which environments there are. */
export const listEnvironmentsTool: Tool<{ readonly sessions: boolean }> = {
  name: 'list_environments',
  title: 'List environments',
  description:
    'List the environments: the remote machines, servers, GPU boxes and containers on which the other tools run commands and read, edit and copy files. JSON with name (the environment_id), description, is_default, last_seen; for connected ones also os, shell, cwd, round_trip_ms. With sessions: true also the processes that run there or lately ran, by their session_id.',
  inputSchema: inputSchema({
    sessions: {
      type: 'boolean',
      description: 'Also list the running and recent sessions of each. Default: false.',
    },
  }),
  annotations: LOOKING,

  parse: (raw: RawArguments) => ({ sessions: parseBoolean(raw, 'sessions', false) }),

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
      ? 'os, shell and cwd are what a login shell says: this executor does not tell'
      : undefined,
    round_trip_ms: roundTripMs === undefined ? undefined : Math.round(roundTripMs * 10) / 10,
  }
}
