import type { Environment } from '../environments/environment.ts'
import { textResult } from '../host/tool-host.ts'
import { inputSchema, LOOKING } from './schema.ts'
import type { ConnectedExecutor, Tool } from './tool.ts'

/** Says which environments there are. */
export const listEnvironmentsTool: Tool<Record<never, never>> = {
  name: 'list_environments',
  title: 'List environments',
  description:
    'List the environments: the remote machines, servers, GPU boxes and containers on which the other tools run commands and read, edit and copy files. JSON with name (the environment_id), description, is_default, last_seen; for connected ones also os, shell, cwd, round_trip_ms.',
  inputSchema: inputSchema({}),
  annotations: LOOKING,

  parse: () => ({}),

  async run(context) {
    const { environments, notes = [], stale, connected } = await context.environments()
    const list = environments.map((environment) => describe(environment, connected(environment)))
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
