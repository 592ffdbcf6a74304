import { BridgeError } from '../util/errors.ts'
import { nearest } from '../util/nearest.ts'
import { quoteList } from '../util/quote-list.ts'
import { VERSION } from '../util/version.ts'
import { COMMANDS, type Command, commandsBeside, DEFAULT_COMMAND } from './commands.ts'
import { helpText } from './help.ts'
import { bearOutputErrors, print, printError, refuse } from './terminal.ts'

/** How the script of `env-mcp completion` asks for what may come next. */
const COMPLETE = '--get-yargs-completions'

/**
 * Runs the program with the arguments that follow its name. Gives the exit code: 0; 2 for a command line that cannot be
 * used; 1 for what else went wrong; or what the command says. One line on stderr says why, never a stack.
 */
export async function main(argv: readonly string[]): Promise<number> {
  bearOutputErrors()
  try {
    return await dispatch(argv)
  } catch (error) {
    printError(BridgeError.from(error).text)
    return 1
  }
}

async function dispatch(argv: readonly string[]): Promise<number> {
  const [name] = argv
  if (name === COMPLETE) return (await import('./completion.ts')).completeWords(argv, COMMANDS)
  if (name === undefined || name.startsWith('-')) return runCommand(DEFAULT_COMMAND, argv)
  const command = commandOf(argv)
  if (!command) return refuse(unknownCommand(name, COMMANDS))
  const [next] = argv.slice(command.name.split(' ').length)
  const beside = commandsBeside(command)
  if (beside.length > 0 && next !== undefined && !next.startsWith('-'))
    return refuse(unknownCommand(`${command.name} ${next}`, beside))
  return runCommand(command, argv.slice(command.name.split(' ').length))
}

/** The command whose words come first, the one with the most of them: "gateway add" before "gateway". */
function commandOf(argv: readonly string[]): Command | undefined {
  const named = COMMANDS.filter(({ name }) => name.split(' ').every((word, index) => word === argv[index]))
  return named.sort((a, b) => b.name.length - a.name.length)[0]
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  if (command.flags === 'own') return command.run(args)
  if (args.includes('--version')) return say(VERSION)
  if (args.includes('--help') || args.includes('-h')) return say(helpText(command))
  if (command.flags === 'none' && args.length > 0)
    return refuse(`Unexpected argument ${JSON.stringify(args[0])}: "env-mcp ${command.name}" takes none`)
  return command.run(args)
}

async function say(text: string): Promise<number> {
  await print(text)
  return 0
}

/** `commands` are those it may have been meant to be; where it is the beginning of some, those. */
function unknownCommand(name: string, commands: readonly Command[]): string {
  const all = commands.map((command) => command.name)
  const begun = all.filter((known) => known.startsWith(`${name} `))
  const names = begun.length > 0 ? begun : all
  const meant = nearest(name, names)
  const hint = meant ? `, nearest is "${meant}"` : ''
  return `Unknown command ${JSON.stringify(name.slice(0, 80))}${hint}: there are ${quoteList(names)}`
}
