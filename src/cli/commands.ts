import { realpathSync } from 'node:fs'
import type { OptionCommand } from '../app/option-table.ts'
import { serveCommand } from './serve.ts'

/** One command of the program. */
export interface Command {
  /** One word, or several. */
  readonly name: string
  /** What it takes besides flags, for its usage. */
  readonly operands?: string
  readonly summary: string
  /** Whose flags of the option table it takes; `none`; or `own`: all that follows the name is its own affair. */
  readonly flags: OptionCommand | 'none' | 'own'
  /** Takes what comes after the name; gives the exit code. */
  run(args: readonly string[]): Promise<number>
}

/** What runs when no command is named. */
export const DEFAULT_COMMAND: Command = {
  name: 'serve',
  summary: 'Serve MCP on standard input and output (the default)',
  flags: 'serve',
  run: serveCommand,
}

/** All of them. Each but the default is loaded when it runs: the start of the server reads nothing that it does not need. */
export const COMMANDS: readonly Command[] = [
  DEFAULT_COMMAND,
  {
    name: 'executor',
    summary: 'Let this machine be worked on: dial in to a gateway, or listen',
    flags: 'executor',
    run: async (args) => (await import('./executor.ts')).executorCommand(args, programPaths()),
  },
  {
    name: 'apply-patch',
    summary: 'Apply a patch of the apply_patch format to files of this machine',
    flags: 'own',
    run: async (args) => (await import('./apply-patch.ts')).applyPatchCommand(args),
  },
  {
    name: 'gateway',
    summary: 'Bring machines, which dial in, and agents together',
    flags: 'gateway',
    run: async (args) => (await import('./gateway.ts')).gatewayCommand(args, programPaths()),
  },
  {
    name: 'gateway token join',
    summary: 'Make the token with which a machine joins a workspace',
    flags: 'gateway token join',
    run: async (args) => (await import('./gateway-token.ts')).joinTokenCommand(args),
  },
  {
    name: 'gateway token workspace',
    summary: 'Make the token with which an agent uses the machines of a workspace',
    flags: 'gateway token workspace',
    run: async (args) => (await import('./gateway-token.ts')).workspaceTokenCommand(args, programPaths()),
  },
  {
    name: 'gateway token internal',
    summary: 'Print the secret that gives tickets for copies, and tokens',
    flags: 'gateway token internal',
    run: async (args) => (await import('./gateway-token.ts')).internalSecretCommand(args),
  },
  {
    name: 'gateway token rotate',
    summary: 'Sign tokens with a new key from now on',
    flags: 'gateway token rotate',
    run: async (args) => (await import('./gateway-token.ts')).rotateCommand(args),
  },
  {
    name: 'gateway add',
    operands: 'NAME URL',
    summary: 'Add a machine whose exec-server listens: the gateway dials it',
    flags: 'gateway add',
    run: async (args) => (await import('./gateway-add.ts')).gatewayAddCommand(args),
  },
  {
    name: 'gateway remove',
    operands: 'NAME',
    summary: 'Undo that: the gateway lets go of the machine',
    flags: 'gateway remove',
    run: async (args) => (await import('./gateway-remove.ts')).gatewayRemoveCommand(args),
  },
  {
    name: 'gateway status',
    summary: 'Show what is connected to the gateway',
    flags: 'gateway status',
    run: async (args) => (await import('./gateway-status.ts')).gatewayStatusCommand(args),
  },
  {
    name: 'up',
    summary: 'Start a gateway on loopback, join this machine, show who comes and goes',
    flags: 'up',
    run: async (args) => (await import('./up.ts')).upCommand(args, programPaths()),
  },
  {
    name: 'demo',
    summary: 'Show it at work on two directories of this machine',
    flags: 'none',
    run: async () => (await import('./demo.ts')).demoCommand(programPaths()),
  },
  {
    name: 'completion',
    summary: 'Print the script that completes commands and flags in your shell',
    flags: 'none',
    run: async () => (await import('./completion.ts')).completionCommand(COMMANDS),
  },
]

/** Those whose names begin with its name: `gateway status` is beside `gateway`. */
export function commandsBeside({ name }: Command): readonly Command[] {
  return COMMANDS.filter((other) => other.name.startsWith(`${name} `))
}

function programPaths() {
  return { node: process.execPath, program: realpathSync(process.argv[1]!) }
}
