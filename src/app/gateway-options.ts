import { quoteList } from '../util/quote-list.ts'
import type { Flags } from './flags.ts'
import type { OptionName } from './option-table.ts'

/** A gateway, as the flags of its set describe it. Tokens are names of variables. */
export interface GatewayOptions {
  readonly workspaceId: string
  /** The id of an executor is appended after a slash. */
  readonly bridgeUrl: string
  readonly tokenEnv: string
  /** Which of its two forms lists the environments, and the variable with the token for that. */
  readonly list: { readonly form: 'app' | 'exec'; readonly url: string; readonly tokenEnv: string }
  /** Where copies may go over HTTP. */
  readonly relay: { readonly url: string; readonly secretEnv: string } | undefined
}

const ALWAYS_NEEDED: readonly OptionName[] = ['workspace-id', 'exec-gateway-url', 'workspace-token-env']
const GATEWAY_FLAGS: readonly OptionName[] = [
  ...ALWAYS_NEEDED,
  'app-gateway-internal',
  'loopback-token-env',
  'exec-gateway-internal-url',
  'exec-gateway-internal-secret-env',
]

/** The gateway that the flags describe; `undefined` when there is none of its flags; a text that says what is missing. */
export function gatewayFromFlags(flags: Flags): GatewayOptions | string | undefined {
  const given = GATEWAY_FLAGS.find((name) => flags.one(name) !== undefined)
  if (!given) return undefined
  const workspaceId = flags.one('workspace-id')
  const bridgeUrl = flags.one('exec-gateway-url')
  const tokenEnv = flags.one('workspace-token-env')
  if (workspaceId === undefined || bridgeUrl === undefined || tokenEnv === undefined)
    return whyNotWhole(flags, given)
  const list = listFromFlags(flags, tokenEnv)
  if (typeof list === 'string') return list
  const relay = relayFromFlags(flags)
  if (typeof relay === 'string') return relay
  return { workspaceId, bridgeUrl: withoutSlash(bridgeUrl), tokenEnv, list, relay }
}

function whyNotWhole(flags: Flags, given: OptionName): string {
  const missing = ALWAYS_NEEDED.filter((name) => flags.one(name) === undefined).map((name) => `--${name}`)
  return missing.length === 1
    ? `Flag ${quoteList(missing)} is missing: "--${given}" needs it`
    : `Flags ${quoteList(missing)} are missing: "--${given}" needs them`
}

/** With both forms given the app gateway lists, and the other address serves copies only, as in the origin. */
function listFromFlags(flags: Flags, workspaceTokenEnv: string): GatewayOptions['list'] | string {
  const appUrl = flags.one('app-gateway-internal')
  const appTokenEnv = flags.one('loopback-token-env')
  const execUrl = flags.one('exec-gateway-internal-url')
  if (appUrl !== undefined && appTokenEnv !== undefined)
    return { form: 'app', url: withoutSlash(appUrl), tokenEnv: appTokenEnv }
  if (appUrl !== undefined) return 'Flag "--loopback-token-env" is missing: "--app-gateway-internal" needs it'
  if (appTokenEnv !== undefined)
    return 'Flag "--app-gateway-internal" is missing: "--loopback-token-env" needs it'
  if (execUrl !== undefined) return { form: 'exec', url: withoutSlash(execUrl), tokenEnv: workspaceTokenEnv }
  return 'Flag "--exec-gateway-internal-url" is missing: it, or "--app-gateway-internal" with "--loopback-token-env", says where environments are listed'
}

function relayFromFlags(flags: Flags): GatewayOptions['relay'] | string {
  const url = flags.one('exec-gateway-internal-url')
  const secretEnv = flags.one('exec-gateway-internal-secret-env')
  if (secretEnv === undefined) return undefined
  if (url === undefined)
    return 'Flag "--exec-gateway-internal-url" is missing: "--exec-gateway-internal-secret-env" needs it'
  return { url: withoutSlash(url), secretEnv }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
