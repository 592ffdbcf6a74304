import { randomBytes } from 'node:crypto'
import { MAX_DESCRIPTION } from '../util/description-rule.ts'
import { BridgeError } from '../util/errors.ts'
import { countField, type Fields, fieldsOf, nameField, optionalText, textField } from './fields.ts'
import { type Keys, liveKeys } from './keys.ts'
import { seal, unseal } from './sealed.ts'

/** What a workspace token says: the bearer may see and use the executors of that workspace until `exp` (s since 1970). */
export interface WorkspaceClaims {
  readonly turnId: string
  readonly workspaceId: string
  readonly userId: string | undefined
  readonly iat: number
  readonly exp: number
}

/** What a join token says: the bearer may be this executor of this workspace. It has no end of its own: its key has. */
export interface JoinClaims {
  readonly workspaceId: string
  readonly name: string
  readonly description: string
  readonly isDefault: boolean
}

/** No workspace token lives longer, in seconds. */
export const MAX_TTL_S = 400 * 24 * 3600

/** s since 1970, as tokens count. */
export function secondsNow(): number {
  return Math.floor(Date.now() / 1000)
}

/** A token for a workspace, good for `ttl` seconds from `now`. Without a turn it gets one of its own. */
export function mintWorkspaceToken(
  keys: Keys,
  wanted: { workspaceId: string; turnId?: string | undefined; userId?: string | undefined; ttl: number },
  now: number,
): string {
  const payload = {
    turn_id: wanted.turnId ?? `turn_${randomBytes(12).toString('hex')}`,
    workspace_id: wanted.workspaceId,
    ...(wanted.userId === undefined ? {} : { user_id: wanted.userId }),
    iat: now,
    exp: now + wanted.ttl,
  }
  return seal(payload, newest(keys.workspaceKeys))
}

/** Reads a workspace token. Throws `denied` when it is none of ours, or its time is over; revocation is not looked at. */
export function readWorkspaceToken(keys: Keys, token: string, now: number): WorkspaceClaims {
  const fields = fieldsOfToken(unseal(token, liveKeys(keys.workspaceKeys, now)), 'a workspace token')
  const claims = {
    turnId: textField(fields, 'turn_id'),
    workspaceId: nameField(fields, 'workspace_id'),
    userId: optionalText(fields, 'user_id'),
    iat: countField(fields, 'iat'),
    exp: countField(fields, 'exp'),
  }
  if (claims.exp <= now) throw new BridgeError('denied', 'The workspace token has expired: mint a new one')
  return claims
}

/** A token with which a machine joins as an executor. */
export function mintJoinToken(
  keys: Keys,
  { workspaceId, name, description, isDefault }: JoinClaims,
  now: number,
): string {
  const payload = {
    join: 1,
    workspace_id: workspaceId,
    name,
    ...(description === '' ? {} : { description }),
    ...(isDefault ? { is_default: true } : {}),
    iat: now,
  }
  return seal(payload, newest(keys.joinKeys))
}

/** Reads a join token. Throws `denied` when it is none of ours. */
export function readJoinToken(keys: Keys, token: string, now: number): JoinClaims {
  const fields = fieldsOfToken(unseal(token, liveKeys(keys.joinKeys, now)), 'a join token')
  return {
    workspaceId: nameField(fields, 'workspace_id'),
    name: nameField(fields, 'name'),
    description: optionalText(fields, 'description', MAX_DESCRIPTION) ?? '',
    isDefault: fields.is_default === true,
  }
}

function fieldsOfToken(value: unknown, what: string): Fields {
  if (value !== undefined) return fieldsOf(value)
  throw new BridgeError('denied', `This is not ${what} of this gateway, or its key was rotated away`)
}

function newest(keys: Keys['joinKeys']): string {
  return keys[0]!.key
}
