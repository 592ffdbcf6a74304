import type { Credential } from '../credentials/credential.ts'
import type { Transport } from '../rpc/transport.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { type CallOptions, waitFor } from '../util/signals.ts'
import { type DialRequest, dial } from './dial.ts'
import { DialRefused } from './dial-errors.ts'

/** A machine to connect to. */
export interface BridgeTarget {
  /** One connection for each. Never shown. */
  readonly key: string
  /** The environment, for messages. */
  readonly name: string
  readonly url: string
  readonly framing: DialRequest['framing']
  /** Read at each dial, so that it may be rotated; one that is refused is renewed, once a dial. */
  readonly credential: Credential | undefined
}

export interface DialTargetOptions extends CallOptions {
  /**
   * How long, in ms, another token is waited for when there is none yet but the refused one: a rotation revokes it in one place and writes
   * it in another, and a session that is away is worth the wait. 0: not at all.
   */
  readonly rotationMs: number
  readonly clock: Clock
}

/** Dials a machine with the token there is now; with one that is refused, tries once more with another one, if there is one. */
export async function dialTarget(
  { name, url, framing, credential }: BridgeTarget,
  options: DialTargetOptions,
): Promise<Transport> {
  const { signal, timeoutMs } = options
  const dialWith = (token: string | undefined) => dial({ name, url, framing, token, signal, timeoutMs })
  if (!credential) return dialWith(undefined)
  const token = await waitFor(credential.read(), signal)
  try {
    return await dialWith(token)
  } catch (error) {
    if (!(error instanceof DialRefused) || error.status !== 401) throw error
    const renewed = await anotherSecret(credential, token, options)
    if (renewed === undefined) throw error
    return dialWith(renewed)
  }
}

async function anotherSecret(
  credential: Credential,
  refused: string,
  { signal, rotationMs, clock }: DialTargetOptions,
): Promise<string | undefined> {
  const changed = deferred<void>()
  // Before it is asked: what changes meanwhile is not missed.
  using watch = rotationMs > 0 ? credential.onChange?.(changed.resolve) : undefined
  const renewed = await waitFor(credential.renew(refused), signal)
  if (renewed !== undefined || !watch) return renewed
  using _timer = clock.after(rotationMs, changed.resolve)
  await waitFor(changed.promise, signal)
  return waitFor(credential.renew(refused), signal)
}
