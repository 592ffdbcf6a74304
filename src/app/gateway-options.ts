import { quoteList } from '../util/quote-list.ts'
import type { Flags } from './flags.ts'
import type { OptionName } from './option-table.ts'
import { SECRET_FLAGS, type SecretSource, secretFromFlags } from './secret-source.ts'

/** A gateway, as the flags of its set describe it. */
export interface GatewayOptions {
  readonly workspaceId: string
  /** The id of an executor is appended after a slash. */
  readonly bridgeUrl: string
  readonly token: SecretSource
  /** Which of its two forms lists the environments, and the token for that. */
  readonly list: { readonly form: 'app' | 'exec'; readonly url: string; readonly token: SecretSource }
  /** Where copies may go over HTTP. */
  readonly relay: { readonly url: string; readonly secret: SecretSource } | undefined
}

const ALWAYS_NEEDED: readonly OptionName[] = ['workspace-id', 'exec-gateway-url', SECRET_FLAGS.workspace.env]
const GATEWAY_FLAGS: readonly OptionName[] = [
  'workspace-id',
  'exec-gateway-url',
  'app-gateway-internal',
  'exec-gateway-internal-url',
  ...Object.values(SECRET_FLAGS).flatMap((names) => Object.values(names)),
]

/** The gateway that the flags describe; `undefined` when there is none of its flags; a text that says what is missing. */
export function gatewayFromFlags(flags: Flags, cwd: string): GatewayOptions | string | undefined {
  const given = GATEWAY_FLAGS.find((name) => flags.one(name) !== undefined)
  if (!given) return undefined
  const workspaceId = flags.one('workspace-id')
  const bridgeUrl = flags.one('exec-gateway-url')
  const token = secretFromFlags(flags, SECRET_FLAGS.workspace, cwd)
  if (typeof token === 'string') return token
  if (workspaceId === undefined || bridgeUrl === undefined || token === undefined)
    return whyNotWhole(flags, given, token)
  const list = listFromFlags(flags, token, cwd)
  if (typeof list === 'string') return list
  const relay = relayFromFlags(flags, cwd)
  if (typeof relay === 'string') return relay
  return { workspaceId, bridgeUrl: withoutSlash(bridgeUrl), token, list, relay }
}

function whyNotWhole(flags: Flags, given: OptionName, token: SecretSource | undefined): string {
  const isMissing = (name: OptionName) =>
    name === SECRET_FLAGS.workspace.env ? token === undefined : flags.one(name) === undefined
  const missing = ALWAYS_NEEDED.filter(isMissing).map((name) => `--${name}`)
  return missing.length === 1
    ? `Flag ${quoteList(missing)} is missing: "--${given}" needs it`
    : `Flags ${quoteList(missing)} are missing: "--${given}" needs them`
}

/** With both forms given the app gateway lists, and the other address serves copies only, as in the origin. */
function listFromFlags(
  flags: Flags,
  workspaceToken: SecretSource,
  cwd: string,
): GatewayOptions['list'] | string {
  const appUrl = flags.one('app-gateway-internal')
  const appToken = secretFromFlags(flags, SECRET_FLAGS.loopback, cwd)
  if (typeof appToken === 'string') return appToken
  const execUrl = flags.one('exec-gateway-internal-url')
  if (appUrl !== undefined && appToken !== undefined)
    return { form: 'app', url: withoutSlash(appUrl), token: appToken }
  if (appUrl !== undefined) return 'Flag "--loopback-token-env" is missing: "--app-gateway-internal" needs it'
  if (appToken !== undefined)
    return 'Flag "--app-gateway-internal" is missing: "--loopback-token-env" needs it'
  if (execUrl !== undefined) return { form: 'exec', url: withoutSlash(execUrl), token: workspaceToken }
  return 'Flag "--exec-gateway-internal-url" is missing: it, or "--app-gateway-internal" with "--loopback-token-env", says where environments are listed'
}

function relayFromFlags(flags: Flags, cwd: string): GatewayOptions['relay'] | string {
  const url = flags.one('exec-gateway-internal-url')
  const secret = secretFromFlags(flags, SECRET_FLAGS.relay, cwd)
  if (secret === undefined || typeof secret === 'string') return secret
  if (url === undefined)
    return 'Flag "--exec-gateway-internal-url" is missing: "--exec-gateway-internal-secret-env" needs it'
  return { url: withoutSlash(url), secret }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '')
}
