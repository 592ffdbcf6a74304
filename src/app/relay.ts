import { RelayClient } from '../bridge/relay-client.ts'
import type { Relay } from '../protocol/relay.ts'
import type { Credentials } from './credentials.ts'
import type { ServeOptions } from './options.ts'

/** Where tickets for copies over HTTP come from; undefined where no gateway does that, or its secret was not given. */
export function createRelay({ gateway }: ServeOptions, credentials: Credentials): Relay | undefined {
  if (!gateway?.relay) return undefined
  const { url, secret } = gateway.relay
  return new RelayClient({ url, workspaceId: gateway.workspaceId, credential: credentials.of(secret) })
}
