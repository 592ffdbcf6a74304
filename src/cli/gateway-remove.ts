import { type Machine, sameMachine } from '../gateway/records.ts'
import { stateIn } from '../gateway/state.ts'
import { quoteList } from '../util/quote-list.ts'
import { parseBeside } from './gateway-options.ts'
import { print, printError, refuse } from './terminal.ts'

/** `env-mcp gateway remove NAME`: what `gateway add` did is undone; a running gateway lets go of the machine within a second. */
export async function gatewayRemoveCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name.startsWith('-'))
    return refuse('Give the name first: env-mcp gateway remove NAME --workspace W')
  const parsed = parseBeside(rest, 'gateway remove', ['workspace'])
  if (!parsed.ok) return refuse(parsed.message)
  const { flags, stateDirectory } = parsed.options
  const machine = { name, workspaceId: flags.one('workspace') ?? '' }
  const { machines, executors } = stateIn(stateDirectory)
  const added = machines.read()
  if (!added.some((other) => sameMachine(other, machine))) {
    printError(notAdded(machine, added))
    return 1
  }
  await machines.update((all) => all.filter((other) => !sameMachine(other, machine)))
  // For when no gateway runs; one that does forgets it by itself.
  await executors.update((all) => all.filter((other) => !sameMachine(other, machine)))
  await print(`Machine "${name}" of workspace "${machine.workspaceId}" is dialled no more`)
  return 0
}

function notAdded(
  { name, workspaceId }: Pick<Machine, 'name' | 'workspaceId'>,
  added: readonly Machine[],
): string {
  const names = added.filter((other) => other.workspaceId === workspaceId).map((other) => other.name)
  const there = names.length === 0 ? 'none was' : `there are ${quoteList(names, 10)}`
  return `No machine ${JSON.stringify(name.slice(0, 80))} was added to workspace "${workspaceId}": ${there}; one that dials in itself stays away when its join token is good no more ("env-mcp gateway token rotate --join")`
}
