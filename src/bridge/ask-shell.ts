import { pathFromBytes } from '../protocol/paths.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { Processes } from './processes.ts'
import { runToEnd } from './run.ts'

/** What a login shell says of a machine whose executor does not. Fields are undefined where it did not either. */
export interface ShellAnswer {
  readonly os?: string
  readonly shell?: string
  readonly cwd?: string
  readonly home?: string
  readonly tempDir?: string
}

// Whatever a profile prints comes before, so the last five count. The executor is the shell's parent: where it runs is
// the working directory, as newer executors tell it; where there is no /proc, home.
const QUESTION = `cwd=$(readlink "/proc/$PPID/cwd") || cwd=$HOME
shell=\${SHELL:-$(getent passwd "$(id -un)" | cut -d: -f7)}
printf '\\000%s' "$(uname -s)" "\${shell:-/bin/sh}" "$cwd" "$HOME" "\${TMPDIR:-/tmp}"`

const OS_NAMES: Readonly<Record<string, string>> = { Linux: 'linux', Darwin: 'macos' }

/** Asks a login shell once, for at most 5 s. One that fails, or never answers, tells nothing; it does not reject. */
export async function askShell(processes: Processes, signal: AbortSignal | undefined): Promise<ShellAnswer> {
  try {
    const { stdout } = await runToEnd(
      processes,
      { argv: ['/bin/sh', '-lc', QUESTION], maxBytes: 64 * 1024 },
      { signal, timeoutMs: BRIDGE_LIMITS.askShellTimeoutMs },
    )
    return answerFrom(stdout)
  } catch {
    return {}
  }
}

function answerFrom(stdout: Uint8Array): ShellAnswer {
  const fields = pathFromBytes(stdout).split('\0').slice(-5)
  if (fields.length < 5) return {}
  const [os = '', shell, cwd, home, tempDir] = fields
  const known = Object.entries({ os: OS_NAMES[os] ?? os.toLowerCase(), shell, cwd, home, tempDir })
  return Object.fromEntries(known.filter(([, value]) => value))
}
