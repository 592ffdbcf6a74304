import type { ProgramPaths } from '../app/codex-block.ts'
import { exeIdOf, rotateKeys } from '../gateway/keys.ts'
import { openState, type State } from '../gateway/state.ts'
import { MAX_TTL_S, mintJoinToken, mintWorkspaceToken, secondsNow } from '../gateway/tokens.ts'
import { parseDuration } from '../util/duration.ts'
import { parseBeside } from './gateway-options.ts'
import { joinLines, programWords } from './gateway-words.ts'
import { print, printError, refuse } from './terminal.ts'

/** Where a gateway is that has not been started yet. */
const USUAL_URL = 'http://127.0.0.1:7420'

/** `env-mcp gateway token join`: the token alone, for a script; on a terminal also what to run on the machine. */
export async function joinTokenCommand(args: readonly string[]): Promise<number> {
  const parsed = parseBeside(args, 'gateway token join', ['workspace', 'name'])
  if (!parsed.ok) return refuse(parsed.message)
  const { flags, stateDirectory } = parsed.options
  const state = await openState(stateDirectory)
  const keys = state.keys.read()
  const [workspaceId, name] = [flags.one('workspace') ?? '', flags.one('name') ?? '']
  const isDefault = flags.all('default').length > 0
  const claims = { workspaceId, name, description: flags.one('description') ?? '', isDefault }
  const token = mintJoinToken(keys, claims, secondsNow())
  await print(token)
  warnUnused(state)
  const exeId = exeIdOf(keys.idKey, workspaceId, name)
  if (process.stdout.isTTY) await print(`\n${joinLines({ url: urlOf(state), exeId, name, token })}`)
  return 0
}

/** `env-mcp gateway token workspace`: the token alone; on a terminal also where it goes. */
export async function workspaceTokenCommand(args: readonly string[], paths: ProgramPaths): Promise<number> {
  const parsed = parseBeside(args, 'gateway token workspace', ['workspace'])
  if (!parsed.ok) return refuse(parsed.message)
  const { flags, stateDirectory } = parsed.options
  const ttl = parseDuration(flags.one('ttl') ?? '') ?? 0
  if (ttl > MAX_TTL_S)
    return refuse(`Flag "--ttl" is too long: a token lives at most ${MAX_TTL_S / 86_400} days`)
  const state = await openState(stateDirectory)
  const workspaceId = flags.one('workspace') ?? ''
  await print(mintWorkspaceToken(state.keys.read(), { workspaceId, ttl }, secondsNow()))
  warnUnused(state)
  if (process.stdout.isTTY)
    await print(
      `\nPut it into the variable that --workspace-token-env of "${programWords(paths)} serve" names.`,
    )
  return 0
}

/** `env-mcp gateway token internal`: the internal secret alone, for `--exec-gateway-internal-secret-command`. */
export async function internalSecretCommand(args: readonly string[]): Promise<number> {
  const parsed = parseBeside(args, 'gateway token internal', [])
  if (!parsed.ok) return refuse(parsed.message)
  const state = await openState(parsed.options.stateDirectory)
  await print(state.keys.read().internalSecret)
  warnUnused(state)
  return 0
}

/** `env-mcp gateway token rotate`: a running gateway believes the new key from its next look. */
export async function rotateCommand(args: readonly string[]): Promise<number> {
  const parsed = parseBeside(args, 'gateway token rotate', [])
  if (!parsed.ok) return refuse(parsed.message)
  const { flags, stateDirectory } = parsed.options
  const family = flags.all('join').length > 0 ? 'join' : 'workspace'
  const now = secondsNow()
  const until = now + (parseDuration(flags.one('overlap') ?? '') ?? 0)
  const state = await openState(stateDirectory)
  await state.keys.update((keys) => rotateKeys(keys, family, until, now))
  await print(
    `New ${family} tokens have a new key; those of the one before are good until ${new Date(until * 1000).toISOString()}`,
  )
  return 0
}

/** Made in another state than that of the gateway, what was printed would be good nowhere, and look as if it were. */
function warnUnused({ listening, directory }: State): void {
  if (listening.read() === undefined)
    printError(`No gateway has run on the state in "${directory}": this is good for one that does`)
}

function urlOf(state: State): string {
  return state.listening.read()?.publicUrl ?? USUAL_URL
}
