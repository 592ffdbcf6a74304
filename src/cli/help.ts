import { flagHelp } from '../app/help.ts'
import { COMMANDS, type Command, commandsBeside, DEFAULT_COMMAND } from './commands.ts'

/** What `--help` shows for a command; for the default one also what other commands there are. */
export function helpText(command: Command): string {
  const { name, operands, summary, flags } = command
  const isDefault = command === DEFAULT_COMMAND
  const usage = [isDefault ? `[${name}]` : name, operands, flags === 'none' ? undefined : '[flags]']
  const parts = [`${summary}.`, `Usage: env-mcp ${usage.filter((part) => part !== undefined).join(' ')}`]
  if (isDefault) parts.push(commandHelp())
  const beside = commandsBeside(command)
  if (beside.length > 0) parts.push(['Beside it:', ...commandLines(beside)].join('\n'))
  if (flags !== 'none' && flags !== 'own') parts.push(flagHelp(flags))
  return parts.join('\n\n')
}

function commandHelp(): string {
  const local = 'With no flags the one environment is "local": this machine, this directory.'
  return ['Commands:', ...commandLines(COMMANDS), '', local].join('\n')
}

function commandLines(commands: readonly Command[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
}
