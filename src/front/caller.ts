import type { Caller } from '../host/tool-host.ts'
import { FRONT_LIMITS } from './limits.ts'
import { type Params, recordFrom } from './message.ts'

/** Who calls, from a request's `_meta`. Codex puts its ids there; of others only the client is known. */
export function callerFromMeta(meta: Params, client: string | undefined): Caller {
  const turn = recordFrom(meta['x-codex-turn-metadata'])
  return {
    client,
    threadId: textOf(meta.threadId),
    turnId: textOf(turn.turn_id),
    callId: textOf(meta.callId),
  }
}

/** `clientInfo` as `name/version`; undefined when it has no name. */
export function clientFromInfo(info: unknown): string | undefined {
  const { name, version } = recordFrom(info)
  if (typeof name !== 'string') return undefined
  return textOf(typeof version === 'string' ? `${name}/${version}` : name)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, FRONT_LIMITS.textLength) : undefined
}
