import yargs, { type Argv } from 'yargs'
import { optionsOf } from '../app/option-table.ts'
import type { Command } from './commands.ts'

/**
 * `env-mcp completion`: the script for the user's shell (bash or zsh, by `$SHELL`) that completes commands and flags. It
 * asks this program itself, so that it is never older than the program.
 */
export async function completionCommand(commands: readonly Command[]): Promise<number> {
  parserOf([], commands).showCompletionScript()
  return 0
}

/** Answers the script, which asks with `--get-yargs-completions` and the words so far: what may come next, one a line. */
export async function completeWords(args: readonly string[], commands: readonly Command[]): Promise<number> {
  const [ask = '', program = '', ...words] = args
  // Flags without a command are those of the first one.
  const named = words[0]?.startsWith('-') ? [commands[0]!.name, ...words] : words
  await parserOf([ask, program, ...named], commands).parseAsync()
  return 0
}

function parserOf(args: readonly string[], commands: readonly Command[]): Argv {
  const parser = yargs([...args])
    .scriptName('env-mcp')
    .help(false)
    .version(false)
    .completion('completion', false)
    // The program ends by itself, when its output is written.
    .exitProcess(false)
  return withCommands(parser, commands, 0)
}

/** Commands by their words: those that share the word at `depth` become one with commands of its own. */
function withCommands(parser: Argv, commands: readonly Command[], depth: number): Argv {
  const wordOf = (command: Command) => command.name.split(' ')[depth]
  for (const word of new Set(commands.map(wordOf))) {
    if (word === undefined) continue
    const same = commands.filter((command) => wordOf(command) === word)
    const own = same.find((command) => command.name.split(' ').length === depth + 1)
    parser.command(word, own?.summary ?? '', (inner: Argv) => {
      if (own) withFlags(inner, own)
      return withCommands(inner, same, depth + 1)
    })
  }
  return parser
}

function withFlags(parser: Argv, { flags }: Command): void {
  if (flags === 'none' || flags === 'own') return
  for (const { name, description, kind } of optionsOf(flags))
    parser.option(name, { description, type: kind === 'switch' ? 'boolean' : 'string' })
}
