import { type Fault, isRecord, type Params, quoted, RPC_ERRORS } from './message.ts'

/** What the server says of itself. */
export interface ServerInfo {
  readonly name: string
  readonly version: string
  readonly instructions: string
}

/**
 * MCP has two: in the legacy one `initialize` opens a session; in the modern one, since 2026-07-28, each request
 * carries all there is to know. One connection may use both.
 */
export type Era = 'legacy' | 'modern'

const MODERN_VERSION = '2026-07-28'
const LEGACY_VERSIONS: readonly unknown[] = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05']
const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES_KEY = 'io.modelcontextprotocol/clientCapabilities'
const SERVER_KEY = 'io.modelcontextprotocol/serverInfo'
const CAPABILITIES = { tools: {} }
/** How long a client may keep a list, in ms, and that it may not share it: another caller may see other tools. */
const CACHE = { ttlMs: 300_000, cacheScope: 'private' } as const

/** The key of a modern request's client name and version. */
export const CLIENT_KEY = 'io.modelcontextprotocol/clientInfo'

/** A request is modern when its `_meta` says so, and when only the modern era has its method. */
export function eraOf(method: string, meta: Params): Era {
  const isModern = VERSION_KEY in meta || CAPABILITIES_KEY in meta || method === 'server/discover'
  return isModern ? 'modern' : 'legacy'
}

/** Why a request's `_meta` does not allow to serve it; undefined when it does. */
export function metaFault(era: Era, meta: Params): Fault | undefined {
  if (era === 'legacy') return undefined
  const version = meta[VERSION_KEY]
  if (typeof version !== 'string')
    return missing(VERSION_KEY, `the protocol version, ${quoted(MODERN_VERSION)}`)
  if (version !== MODERN_VERSION)
    return {
      code: RPC_ERRORS.unsupportedVersion,
      message: `Unsupported protocol version ${quoted(version)}: ${quoted(MODERN_VERSION)} is served, and older ones after "initialize"`,
      data: { supported: [MODERN_VERSION], requested: version },
    }
  return isRecord(meta[CAPABILITIES_KEY]) ? undefined : missing(CAPABILITIES_KEY, 'an object')
}

/** Answers `initialize`: the client's version when we know it, else our newest of that era. */
export function initializeResult({ name, version, instructions }: ServerInfo, asked: unknown): object {
  const protocolVersion = LEGACY_VERSIONS.includes(asked) ? asked : LEGACY_VERSIONS[0]
  return { protocolVersion, capabilities: CAPABILITIES, serverInfo: { name, version }, instructions }
}

/** Answers `server/discover`. */
export function discoverResult(server: ServerInfo): object {
  const { instructions } = server
  return listResult('modern', server, {
    supportedVersions: [MODERN_VERSION],
    capabilities: CAPABILITIES,
    instructions,
  })
}

/** A result as its era wants it. */
export function resultOf(era: Era, { name, version }: ServerInfo, result: object): object {
  if (era === 'legacy') return result
  return { resultType: 'complete', ...result, _meta: { [SERVER_KEY]: { name, version } } }
}

/** A result that the client may keep for a while. */
export function listResult(era: Era, server: ServerInfo, result: object): object {
  return resultOf(era, server, era === 'legacy' ? result : { ...result, ...CACHE })
}

function missing(key: string, right: string): Fault {
  return { code: RPC_ERRORS.invalidParams, message: `Missing _meta[${quoted(key)}]: it must be ${right}` }
}
