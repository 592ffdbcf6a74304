import { BridgeError } from '../util/errors.ts'
import { type Ask, checked, readJson } from './ask.ts'
import {
  countField,
  type Fields,
  fieldsOf,
  nameField,
  optionalCount,
  optionalText,
  textField,
} from './fields.ts'
import type { Gate } from './gate.ts'
import type { GatewayLimits } from './limits.ts'
import type { Registry } from './registry.ts'
import { revokeTurn } from './revocations.ts'
import type { Answer, Route } from './routes.ts'
import type { State } from './state.ts'
import { MAX_TTL_S, mintWorkspaceToken, secondsNow } from './tokens.ts'

export interface InternalOptions {
  readonly state: State
  readonly gate: Gate
  readonly registry: Registry
  readonly limits: GatewayLimits
}

const DEFAULT_TTL_S = 3600

/** What runs the gateway's business beside it may do, with the internal secret: mint tokens, and end those of a turn. */
export function internalRoutes(options: InternalOptions): Route[] {
  return [
    { method: 'POST', path: '/api/exec-gateway/tokens', answer: (ask) => mint(ask, options) },
    { method: 'POST', path: '/api/exec-gateway/revoke-turn', answer: (ask) => revoke(ask, options) },
  ]
}

async function mint(ask: Ask, { gate, state, limits }: InternalOptions): Promise<Answer> {
  gate.internal(ask)
  const body = await readJson(ask, limits)
  const wanted = checked(() => wantedToken(body))
  const now = secondsNow()
  const token = mintWorkspaceToken(state.keys.read(), wanted, now)
  return { status: 201, json: { token, expires_at: new Date((now + wanted.ttl) * 1000).toISOString() } }
}

async function revoke(ask: Ask, { gate, state, registry, limits }: InternalOptions): Promise<Answer> {
  gate.internal(ask)
  const body = await readJson(ask, limits)
  const turn = checked(() => revokedTurn(body))
  await revokeTurn(state.revoked, turn, secondsNow())
  closeBridgesOf(turn.turnId, registry)
  return { status: 200, json: { revoked: true } }
}

/** A token that is over opens nothing more, and what it opened is closed. */
function closeBridgesOf(turnId: string, registry: Registry): void {
  const bridges = registry.all().flatMap(({ connection }) => [...(connection?.bridges ?? [])])
  for (const bridge of bridges)
    if (bridge.claims.turnId === turnId)
      bridge.close(new BridgeError('denied', 'The workspace token was revoked: its turn is over'))
}

function wantedToken(body: unknown) {
  const fields = fieldsOf(body, 'the body')
  return {
    workspaceId: nameField(fields, 'workspace_id'),
    turnId: optionalText(fields, 'turn_id'),
    userId: optionalText(fields, 'user_id'),
    ttl: ttlOf(fields),
  }
}

function revokedTurn(body: unknown) {
  const fields = fieldsOf(body, 'the body')
  return { turnId: textField(fields, 'turn_id'), exp: countField(fields, 'exp') }
}

function ttlOf(fields: Fields): number {
  const ttl = optionalCount(fields, 'ttl_seconds') ?? DEFAULT_TTL_S
  if (ttl >= 1 && ttl <= MAX_TTL_S) return ttl
  throw new Error(`"ttl_seconds" must be 1 to ${MAX_TTL_S}`)
}
