import type { TerminalSize } from '../protocol/executor.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import { enterable } from './enterable.ts'
import type { Program, Running } from './program.ts'
import { Screen } from './screen.ts'
import { requireStartable } from './start-failure.ts'
import { TerminalInput } from './terminal-input.ts'

/** What a stock exec-server makes, always. */
export const DEFAULT_SIZE: TerminalSize = { cols: 80, rows: 24 }

/**
 * Starts a program on a new terminal, as the leader of a session and group of its own. Rejects with why it did not start;
 * `conflict` when the optional package that makes terminals is not installed.
 */
export async function startOnTerminal(program: Program, size: TerminalSize): Promise<Running> {
  const native = await loadNative()
  // Afterwards the failure would be a line on the terminal, and exit code 1.
  await requireStartable(program)
  using directory = await enterable(program.cwd)
  const variables = Object.entries(program.variables).map(([name, value]) => `${name}=${value}`)
  const exit = deferred<number>()
  const onExit = (code: number, signal: number) => exit.resolve(signal ? 128 + signal : code)
  const [file = '', ...args] = program.argv
  const { cols, rows } = size
  const { path } = directory
  const { fd, pid } = native.fork(file, args, variables, path, cols, rows, NOBODY, NOBODY, false, '', onExit)
  const readable = new Screen(fd)
  return {
    pid,
    outputs: [{ stream: 'pty', readable }],
    input: new TerminalInput(fd, readable),
    canCloseInput: false,
    exited: exit.promise,
    resize: ({ cols, rows }) => {
      // Closed, the number may be that of another file.
      if (!readable.destroyed) native.resize(fd, cols, rows)
    },
  }
}

/** No change of user or group. */
const NOBODY = -1

/**
 * The native part of the package. Its JavaScript around it is not used: it closes the terminal 200 ms after the program
 * has exited, whatever is still to be read, and a write that the program does not take stops the whole of Node.
 */
interface Native {
  fork(
    file: string,
    args: readonly string[],
    variables: readonly string[],
    cwd: string,
    cols: number,
    rows: number,
    user: number,
    group: number,
    isUtf8: boolean,
    helper: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number }
  resize(fd: number, cols: number, rows: number): void
}

const PACKAGE = '@lydell/node-pty'

/** Loads it, when the first terminal is asked for. `name` is for tests. */
export async function loadNative(name: string = PACKAGE): Promise<Native> {
  let loaded: unknown
  try {
    loaded = await import(`${name}/requireBinary.js`)
  } catch (cause) {
    throw missing(name, cause)
  }
  if (!hasRequire(loaded)) throw missing(name, 'another version of it')
  try {
    const native = loaded.requireBinary('pty.node')
    if (isNative(native)) return native
  } catch (cause) {
    throw missing(name, cause)
  }
  throw missing(name, 'another version of it')
}

function missing(name: string, cause: unknown): BridgeError {
  const action = 'Cannot make a terminal (tty: true)'
  const remedy = `install it beside env-mcp, or use pipes (tty: false)`
  return new BridgeError(
    'conflict',
    `${action}: package "${name}" does not load on this machine; ${remedy}`,
    {
      cause,
    },
  )
}

function hasRequire(value: unknown): value is { requireBinary(file: string): unknown } {
  return hasFunction(value, 'requireBinary')
}

function isNative(value: unknown): value is Native {
  return hasFunction(value, 'fork') && hasFunction(value, 'resize')
}

function hasFunction(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function'
}
