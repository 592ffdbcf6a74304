import type { BridgeTarget } from '../bridge/pool.ts'
import { credentialFromEnvironment } from '../credentials/from-environment.ts'
import type { EnvironmentTarget } from '../environments/environment.ts'
import type { ServeOptions } from './options.ts'

/** An environment that lies behind a connection. */
export type BridgedTarget = Exclude<EnvironmentTarget, { kind: 'local' }>

/**
 * How the executor of the environment `name` is dialled: one of the gateway by its id under the gateway's address, in
 * relay frames; a direct one at its own, in text. The token is read at each dial.
 */
export function bridgeTarget(options: ServeOptions, name: string, target: BridgedTarget): BridgeTarget {
  switch (target.kind) {
    case 'gateway': {
      if (!options.gateway) throw new Error(`Internal: "${name}" is of a gateway, and there is none`)
      const { bridgeUrl, tokenEnv } = options.gateway
      const url = `${bridgeUrl}/${encodeURIComponent(target.exeId)}`
      return { key: targetKey(name, target), name, url, framing: 'relay', token: tokenReader(tokenEnv) }
    }
    case 'direct': {
      const tokenEnv = options.direct.find((direct) => direct.name === name)?.tokenEnv
      const { url } = target
      return { key: targetKey(name, target), name, url, framing: 'text', token: tokenReader(tokenEnv) }
    }
  }
}

/** One for each connection. Two names of one executor share it; two direct ones may have different tokens, and do not. */
export function targetKey(name: string, target: BridgedTarget): string {
  return target.kind === 'gateway' ? `gateway ${target.exeId}` : `direct ${name}`
}

function tokenReader(variable: string | undefined): () => Promise<string | undefined> {
  if (variable === undefined) return () => Promise.resolve(undefined)
  const credential = credentialFromEnvironment(variable)
  return () => credential.read()
}
