import { whyNotValue } from '../app/option-values.ts'
import { MAX_MACHINE_URL, sameMachine } from '../gateway/records.ts'
import { openState } from '../gateway/state.ts'
import { isName, NAME_RULE } from '../util/name-rule.ts'
import { parseBeside } from './gateway-options.ts'
import { print, refuse } from './terminal.ts'

/** `env-mcp gateway add NAME URL`: a running gateway dials the machine within a second. A name that is there gets the new URL. */
export async function gatewayAddCommand(args: readonly string[]): Promise<number> {
  const [name, url, ...rest] = args
  const wrong = whyNotMachine(name, url)
  const parsed = parseBeside(rest, 'gateway add', ['workspace'])
  if (wrong !== undefined || !parsed.ok) return refuse(wrong ?? (parsed.ok ? '' : parsed.message))
  const { flags, stateDirectory } = parsed.options
  const machine = {
    workspaceId: flags.one('workspace') ?? '',
    name: name ?? '',
    url: url ?? '',
    description: flags.one('description') ?? '',
    isDefault: flags.all('default').length > 0,
  }
  const state = await openState(stateDirectory)
  await state.machines.update((machines) => [
    ...machines.filter((other) => !sameMachine(other, machine)),
    machine,
  ])
  await print(`Machine "${machine.name}" of workspace "${machine.workspaceId}" is at ${machine.url}`)
  return 0
}

function whyNotMachine(name: string | undefined, url: string | undefined): string | undefined {
  if (name === undefined || url === undefined || name.startsWith('-') || url.startsWith('-'))
    return 'Give the name and the URL first: env-mcp gateway add NAME ws://HOST:PORT --workspace W'
  if (!isName(name))
    return `The name ${JSON.stringify(name.slice(0, 80))} cannot be used: it must be ${NAME_RULE}`
  const why = whyNotValue('ws-url', url, {})
  if (why !== undefined) return `The URL ${why}`
  return url.length > MAX_MACHINE_URL
    ? `The URL is too long: it has at most ${MAX_MACHINE_URL} characters`
    : undefined
}
