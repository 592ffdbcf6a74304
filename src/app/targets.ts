import type { BridgeTarget } from '../bridge/dial-target.ts'
import type { EnvironmentTarget } from '../environments/environment.ts'
import type { Credentials } from './credentials.ts'
import type { ServeOptions } from './options.ts'

/** An environment that lies behind a connection. */
export type BridgedTarget = Exclude<EnvironmentTarget, { kind: 'local' }>

/**
 * How the executor of the environment `name` is dialled: one of the gateway by its id under the gateway's address, in
 * relay frames; a direct one at its own, in text.
 */
export function bridgeTarget(
  options: ServeOptions,
  credentials: Credentials,
  name: string,
  target: BridgedTarget,
): BridgeTarget {
  switch (target.kind) {
    case 'gateway': {
      if (!options.gateway) throw new Error(`Internal: "${name}" is of a gateway, and there is none`)
      const { bridgeUrl, token } = options.gateway
      const url = `${bridgeUrl}/${encodeURIComponent(target.exeId)}`
      return { key: targetKey(name, target), name, url, framing: 'relay', credential: credentials.of(token) }
    }
    case 'direct': {
      const token = options.direct.find((direct) => direct.name === name)?.token
      const { url } = target
      const credential = token && credentials.of(token)
      return { key: targetKey(name, target), name, url, framing: 'text', credential }
    }
  }
}

/** One for each connection. Two names of one executor share it; two direct ones may have different tokens, and do not. */
export function targetKey(name: string, target: BridgedTarget): string {
  return target.kind === 'gateway' ? `gateway ${target.exeId}` : `direct ${name}`
}
