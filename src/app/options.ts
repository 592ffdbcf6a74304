import { resolve } from 'node:path'
import { LOG_LEVELS, type LogLevel } from '../util/log.ts'
import { type DirectOptions, directFromFlags } from './direct-options.ts'
import { type Flags, type Parsed, parseFlags, type Variables } from './flags.ts'
import { type GatewayOptions, gatewayFromFlags } from './gateway-options.ts'

/** What `env-mcp serve` was told, whole and checked. Of secrets it says where they come from, never what they are. */
export interface ServeOptions {
  readonly gateway: GatewayOptions | undefined
  readonly direct: readonly DirectOptions[]
  /** The name of the embedded environment: this machine, in `cwd`. There is one when nothing else is given. */
  readonly local: string | undefined
  readonly cwd: string
  readonly log: LogOptions
}

export interface LogOptions {
  readonly level: LogLevel
  /** Absolute. */
  readonly file: string | undefined
}

/** The options of `serve`. Reads nothing but its arguments; `env` is only asked whether variables are set. */
export function parseOptions(argv: readonly string[], env: Variables, cwd: string): Parsed<ServeOptions> {
  const flags = parseFlags(argv, 'serve', env)
  if (!flags.ok) return flags
  const gateway = gatewayFromFlags(flags.options, cwd)
  if (typeof gateway === 'string') return { ok: false, message: gateway }
  const direct = directFromFlags(flags.options, cwd)
  if (typeof direct === 'string') return { ok: false, message: direct }
  const local = gateway || direct.length > 0 ? undefined : 'local'
  return { ok: true, options: { gateway, direct, local, cwd, log: logFromFlags(flags.options, cwd) } }
}

/** How and where to log, of any command that does. */
export function logFromFlags(flags: Flags, cwd: string): LogOptions {
  const file = flags.one('log-file')
  const level = LOG_LEVELS.find((known) => known === flags.one('log-level')) ?? 'info'
  return { level, file: file === undefined ? undefined : resolve(cwd, file) }
}
