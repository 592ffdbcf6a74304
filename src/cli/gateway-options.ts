import { join, resolve } from 'node:path'
import { type Flags, type Parsed, parseFlags, type Variables } from '../app/flags.ts'
import type { OptionCommand } from '../app/option-table.ts'
import { parseAddress } from '../app/option-values.ts'
import { type LogOptions, logFromFlags } from '../app/options.ts'
import { defaultStateDirectory } from '../gateway/state.ts'
import { isLoopback } from '../util/loopback.ts'

/** What `env-mcp gateway` was told, whole and checked. Paths are absolute. */
export interface GatewayOptions {
  readonly host: string
  readonly port: number
  readonly stateDirectory: string
  readonly publicUrl: string | undefined
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined
  readonly isBehindProxy: boolean
  /** `undefined`: no audit. */
  readonly auditFile: string | undefined
  readonly log: LogOptions
}

/** The options of a gateway that `command` runs; tokens travel in clear only where nobody else listens. */
export function parseGatewayOptions(
  argv: readonly string[],
  env: Variables,
  cwd: string,
  command: 'gateway' | 'up' = 'gateway',
): Parsed<GatewayOptions> {
  const parsed = parseFlags(argv, command, env)
  if (!parsed.ok) return parsed
  const flags = parsed.options
  const { host, port } = parseAddress(flags.one('listen') ?? '') ?? { host: '', port: 0 }
  const tls = tlsFromFlags(flags, cwd)
  if (typeof tls === 'string') return { ok: false, message: tls }
  const isBehindProxy = flags.all('behind-proxy').length > 0
  if (!isLoopback(host) && !tls && !isBehindProxy) return { ok: false, message: whyNotHost(host, command) }
  const stateDirectory = stateFromFlags(flags, env, cwd)
  const options = {
    host,
    port,
    stateDirectory,
    auditFile: auditFromFlags(flags, stateDirectory, cwd),
    publicUrl: flags.one('public-url'),
    tls,
    isBehindProxy,
    log: logFromFlags(flags, cwd),
  }
  return { ok: true, options }
}

/** The flags of a command beside a gateway, with where its state is. `needed` are those that must be given. */
export function parseBeside(
  argv: readonly string[],
  command: OptionCommand,
  needed: readonly Parameters<Flags['one']>[0][],
): Parsed<{ flags: Flags; stateDirectory: string }> {
  const parsed = parseFlags(argv, command, process.env)
  if (!parsed.ok) return parsed
  const flags = parsed.options
  const missing = needed.find((name) => flags.one(name) === undefined)
  if (missing !== undefined)
    return { ok: false, message: `Flag "--${missing}" is missing: "env-mcp ${command}" needs it` }
  const stateDirectory = stateFromFlags(flags, process.env, process.cwd())
  return { ok: true, options: { flags, stateDirectory } }
}

function whyNotHost(host: string, command: 'gateway' | 'up'): string {
  const state = `Flag "--listen" has the host "${host}", which others can reach`
  if (command === 'up') return `${state}: for that run "env-mcp gateway", with TLS`
  return `${state}: give "--tls-cert" and "--tls-key", or "--behind-proxy" when a proxy ends TLS`
}

function stateFromFlags(flags: Flags, env: Variables, cwd: string): string {
  const given = flags.one('state')
  return given === undefined ? defaultStateDirectory(env) : resolve(cwd, given)
}

function auditFromFlags(flags: Flags, stateDirectory: string, cwd: string): string | undefined {
  const given = flags.one('audit')
  if (given === undefined) return join(stateDirectory, 'audit.jsonl')
  return given === 'off' ? undefined : resolve(cwd, given)
}

function tlsFromFlags(flags: Flags, cwd: string): GatewayOptions['tls'] | string {
  const certFile = flags.one('tls-cert')
  const keyFile = flags.one('tls-key')
  if (certFile === undefined && keyFile === undefined) return undefined
  if (keyFile === undefined) return 'Flag "--tls-key" is missing: "--tls-cert" needs it'
  if (certFile === undefined) return 'Flag "--tls-cert" is missing: "--tls-key" needs it'
  return { certFile: resolve(cwd, certFile), keyFile: resolve(cwd, keyFile) }
}
