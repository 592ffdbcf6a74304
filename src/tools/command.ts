import type { ExecutorInfo, StartRequest } from '../protocol/executor.ts'
import {
  parseBoolean,
  parseMaxOutputBytes,
  parseOptionalText,
  parseVariables,
  type RawArguments,
  refusal,
  withAliases,
  withoutNul,
} from './arguments.ts'

/** A command as a call gives it. */
export interface Command {
  readonly environment: string | undefined
  /** Program and arguments, or a text for a shell. */
  readonly command: readonly string[] | string
  readonly cwd: string | undefined
  readonly env: Readonly<Record<string, string>>
  /** codex's own: another shell than the environment's, and whether it is a login shell. */
  readonly shell: string | undefined
  readonly login: boolean
  readonly maxOutputBytes: number
}

/** Reads what `shell` and `exec_command` have in common. */
export function parseCommand(raw: RawArguments): Command {
  const cwd = parseOptionalText(withAliases(raw, 'cwd', 'workdir'), 'cwd')
  return {
    environment: parseEnvironment(raw),
    command: parseArgv(withAliases(raw, 'command', 'cmd').command),
    cwd: cwd ? withoutNul(cwd, 'cwd') : undefined,
    env: parseVariables(raw, 'env'),
    shell: parseOptionalText(raw, 'shell') || undefined,
    login: parseBoolean(raw, 'login', true),
    maxOutputBytes: parseMaxOutputBytes(raw),
  }
}

/** The environment of a call; none: the default one. `environment` is taken too, lest a command run on the wrong machine. */
export function parseEnvironment(raw: RawArguments): string | undefined {
  return parseOptionalText(withAliases(raw, 'environment_id', 'environment'), 'environment_id') || undefined
}

/** Program and arguments of a command on that machine; a text becomes a call of a shell. */
export function argvOf({ command, shell, login }: Command, info: ExecutorInfo): string[] {
  if (typeof command !== 'string') return [...command]
  const path = shell ?? info.shell.path
  const name = path
    .replace(/^.*[\\/]/, '')
    .replace(/\.exe$/i, '')
    .toLowerCase()
  switch (name) {
    case 'cmd':
      return [path, '/d', '/s', '/c', command]
    case 'powershell':
    case 'pwsh':
      return [path, ...(login ? [] : ['-NoProfile']), '-NonInteractive', '-Command', command]
    // These take -l only alone.
    case 'csh':
    case 'tcsh':
      return [path, '-c', command]
  }
  return [path, login ? '-lc' : '-c', command]
}

/**
 * A command whose input ends after `bytes` bytes, for executors that cannot end an input. The exit code is the command's:
 * it is the last of a pipe. A command that does not read ends `head` by its broken pipe. `exec`, for a shell's own `echo` is not
 * the program of that name.
 */
export function withInputOf(bytes: number, argv: readonly string[]): string[] {
  return [...WRAPPER, `head -c ${bytes} | exec "$@"`, 'sh', ...argv]
}

/** A command in a terminal of that size, for executors whose terminals are all alike. */
export function withSize(
  { cols, rows }: NonNullable<StartRequest['size']>,
  argv: readonly string[],
): string[] {
  return [...WRAPPER, `stty rows ${rows} cols ${cols} 2>/dev/null; exec "$@"`, 'sh', ...argv]
}

/** The command in what `withInputOf` or `withSize` made of it; any other as it is. */
export function unwrapped(argv: readonly string[]): readonly string[] {
  const isWrapped =
    WRAPPER.every((word, at) => argv[at] === word) && /^(head|stty) .* exec "\$@"$/.test(argv[2] ?? '')
  return isWrapped ? argv.slice(WRAPPER.length + 2) : argv
}

const WRAPPER = ['/bin/sh', '-c']

function parseArgv(value: unknown): readonly string[] | string {
  const command = parseWords(value)
  const first = typeof command === 'string' ? command.trim() : command[0]
  if (!first)
    throw refusal('command is missing or empty: it must be a text or an array of texts', 'command', EXAMPLE)
  for (const word of [command].flat()) withoutNul(word, 'command')
  return command
}

const EXAMPLE = ['ls', '-l']

function parseWords(value: unknown): readonly string[] | string {
  if (typeof value === 'string') return wordsInText(value) ?? value
  const words = Array.isArray(value)
    ? value.map((word) => (typeof word === 'number' ? String(word) : word))
    : []
  if (words.every((word): word is string => typeof word === 'string')) return words
  throw refusal('command must hold texts only', 'command', EXAMPLE)
}

/** Some models write the array as JSON into a text; for a shell that would be no command. */
function wordsInText(text: string): string[] | undefined {
  if (!/^\s*\[\s*"/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined
  } catch {
    return undefined
  }
}
