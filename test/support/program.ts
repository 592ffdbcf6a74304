import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

const PROGRAM = 'dist/bin.js'

export interface Ending {
  /** Exit code, or the signal that ended it. */
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** The built program, running. Disposing kills it and waits until it is gone. */
export interface RunningProgram extends AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams
  readonly exited: Promise<number | string>
}

export interface ProgramOptions {
  readonly cwd?: string
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>
  /** It leads a process group, as what is started at a terminal does: a signal may be sent to it and all that did not leave the group. */
  readonly detached?: boolean
  /** What its errors are written to, a pipe for one, instead of `child.stderr`. */
  readonly stderrTo?: string
}

/** Starts `env-mcp` with these arguments, its three streams in the hands of the test. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const env = { ...process.env, ...options.env }
  const cwd = options.cwd ?? process.cwd()
  const { detached = false } = options
  const argv = [process.execPath, `${process.cwd()}/${PROGRAM}`, ...args]
  const [program = '', ...rest] = options.stderrTo ? withStderr(options.stderrTo, argv) : argv
  const child = spawn(program, rest, { cwd, env, detached })
  const exited = once(child, 'close').then(([code, signal]: (number | string)[]) => code ?? signal ?? '')
  child.stdin.on('error', () => {})
  return {
    child,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      child.stdout.resume()
      child.stderr.resume()
      await exited
    },
  }
}

function withStderr(path: string, argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', 'exec "$@" 2>"$0"', path, ...argv]
}

/** Runs `env-mcp` to its end, with `input` as its whole standard input. */
export async function runProgram(
  args: readonly string[],
  options: ProgramOptions & { input?: string } = {},
): Promise<Ending> {
  await using program = startProgram(args, options)
  const { child, exited } = program
  child.stdin.end(options.input ?? '')
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exited])
  return { code, stdout, stderr }
}
