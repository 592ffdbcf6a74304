import type { StartRequest } from '../protocol/executor.ts'
import type { EnvPolicy, ProcessStartParams } from '../protocol/methods.ts'
import { isWellFormed } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'
import type { Dialect } from './dialect.ts'

/** What the executor can do with a new process. */
export interface StartTraits {
  /** It starts from its own environment when told to (from 0.121). */
  readonly envPolicy: boolean
  /** It makes a terminal of the size asked for. */
  readonly ttySize: boolean
}

/** The params of `process/start`. Throws `invalid_input` on what the executor could not even read. */
export function startParams(
  request: StartRequest,
  dialect: Dialect,
  traits: StartTraits,
): ProcessStartParams {
  const { processId, argv, cwd, env, tty, pipeStdin, size } = request
  if (!argv[0])
    throw new BridgeError('invalid_input', 'Cannot start a process without a program: argv is empty')
  for (const text of [...argv, ...Object.entries(env).flat()]) checkText(text, argv[0])
  return {
    processId,
    argv: traits.envPolicy ? [...argv] : inLoginShell(argv, env),
    cwd: dialect.encode(cwd),
    env: { ...env },
    tty,
    pipeStdin,
    arg0: null,
    envPolicy: ENV_POLICY,
    ...(size && tty && traits.ttySize ? { size: { ...size } } : {}),
  }
}

/** What codex itself sends (0.169): all of the executor's environment but the marks it sets for itself. */
const ENV_POLICY: EnvPolicy = {
  inherit: 'all',
  ignoreDefaultExcludes: true,
  exclude: [
    'CODEX_PERMISSION_PROFILE',
    'CODEX_VERSION',
    'CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS',
    'CODEX_PLUGIN_METRICS_OUTPUT',
  ],
  set: {},
  includeOnly: [],
}

/** Executors before 0.121 give a process nothing but `env`: a login shell finds the rest. What the call gives wins. */
function inLoginShell(argv: readonly string[], env: StartRequest['env']): string[] {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return ['/bin/sh', '-c', LOGIN, 'sh', ...assignments, ...argv]
}

// A profile is found by HOME, which nobody has set.
const LOGIN = `[ "$HOME" ] || eval "HOME=~$(id -un)"; export HOME; exec /bin/sh -lc 'exec env "$@"' sh "$@"`

function checkText(text: string, program: string): void {
  const flaw = text.includes('\0') ? 'a NUL character' : isWellFormed(text) ? undefined : 'half a character'
  if (flaw)
    throw new BridgeError(
      'invalid_input',
      `Cannot start ${JSON.stringify(program)}: ${JSON.stringify(text.slice(0, 100))} holds ${flaw}`,
    )
}
