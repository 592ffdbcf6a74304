import type { RelayPart, RelayRequest } from '../protocol/relay.ts'
import type { Call, MethodTable } from './call.ts'
import type { Params } from './params.ts'
import { refuseRestrictions } from './restrictions.ts'

/** Ours, where this machine has dialled in to a gateway: copies that go through it over HTTP. */
export const RELAY_METHODS: MethodTable = {
  'relay/send': ({ params, session, executor, signal }: Call) => {
    const request = requestIn(params)
    return session.relays.run(
      request.relayId,
      (stopped) => executor.relaySend(request, { signal: stopped }),
      signal,
    )
  },
  'relay/receive': ({ params, session, executor, signal }: Call) => {
    const request = requestIn(params)
    return session.relays.run(
      request.relayId,
      (stopped) => executor.relayReceive(request, { signal: stopped }),
      signal,
    )
  },
  'relay/end': async ({ params, session }) => {
    await session.relays.end(params.string('relayId'))
    return {}
  },
}

function requestIn(params: Params): RelayRequest {
  refuseRestrictions(params)
  return { relayId: params.string('relayId'), ticket: params.string('ticket'), part: partIn(params) }
}

function partIn(params: Params): RelayPart {
  const offset = params.has('offset') ? params.integer('offset') : 0
  if (params.has('path')) return { path: params.path('path'), offset }
  return { argv: params.strings('argv'), env: params.has('env') ? params.texts('env') : {} }
}
