import type { RelayParams } from '../protocol/methods.ts'
import type { RelayOutcome, RelayRequest } from '../protocol/relay.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { CallOptions } from '../util/signals.ts'
import type { Dialect } from './dialect.ts'
import type { DurableConnection } from './durable-connection.ts'
import { attempt } from './errors.ts'
import { BRIDGE_LIMITS } from './limits.ts'

export interface RelayEndOptions {
  readonly connection: DurableConnection
  readonly dialect: Dialect
  /** The executor can. */
  readonly isPossible: boolean
}

/** One end of a copy through the gateway, at the executor; see `Executor`. Who gives up ends it there, before the wait is over where that is soon. */
export async function relayEnd(
  { connection, dialect, isPossible }: RelayEndOptions,
  method: 'relay/send' | 'relay/receive',
  { relayId, ticket, part }: RelayRequest,
  options: CallOptions = {},
): Promise<RelayOutcome> {
  const action = method === 'relay/send' ? 'Cannot send through the gateway' : 'Cannot receive through it'
  if (!isPossible) throw new BridgeError('conflict', `${action}: this executor cannot`)
  const params: RelayParams = {
    relayId,
    ticket,
    ...('path' in part
      ? { path: dialect.encode(part.path), offset: part.offset }
      : { argv: [...part.argv], env: { ...part.env } }),
  }
  return attempt(action, { check: 'what has arrived' }, async () => {
    try {
      return await connection.call(method, params, options)
    } catch (error) {
      await endRelay(connection, relayId)
      throw error
    }
  })
}

/** Waits a little for the end, and leaves it to come: while the machine is away, once it is back. Never rejects. */
async function endRelay(connection: DurableConnection, relayId: string): Promise<void> {
  // A machine that is gone for good ends it by itself.
  const ended = connection.call('relay/end', { relayId }).catch(() => {})
  const late = deferred<void>()
  using _timer = connection.clock.after(BRIDGE_LIMITS.relayEndMs, () => late.resolve())
  await Promise.race([ended, late.promise])
}
