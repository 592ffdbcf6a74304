import { hostname } from 'node:os'
import { type Parsed, parseFlags, type Variables } from '../app/flags.ts'
import { isName } from '../util/name-rule.ts'
import { type GatewayOptions, parseGatewayOptions } from './gateway-options.ts'

/** What `env-mcp up` was told. */
export interface UpOptions {
  readonly gateway: GatewayOptions
  /** What this machine is called. */
  readonly name: string
}

/** The options of `up`: those of a gateway, on loopback, and a name for this machine, which is its own when none is given. */
export function parseUpOptions(argv: readonly string[], env: Variables, cwd: string): Parsed<UpOptions> {
  const gateway = parseGatewayOptions(argv, env, cwd, 'up')
  if (!gateway.ok) return gateway
  const flags = parseFlags(argv, 'up', env)
  if (!flags.ok) return flags
  return {
    ok: true,
    options: { gateway: gateway.options, name: flags.options.one('name') ?? nameOf(hostname()) },
  }
}

/** The first word of a host's name, where it can be the name of an environment. */
export function nameOf(host: string): string {
  const [first = ''] = host.split('.')
  return isName(first) ? first : 'this-machine'
}
