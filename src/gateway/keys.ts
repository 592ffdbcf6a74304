import { createHmac, randomBytes } from 'node:crypto'
import { countField, type Fields, fieldsOf, listOf, textField } from './fields.ts'
import type { FileShape } from './shared-file.ts'

/** A key that signs tokens: the newest one signs, older ones are still believed until their end (s since 1970). */
export interface SigningKey {
  readonly key: string
  readonly until?: number
}

/** What the gateway makes at its first start and tells nobody. */
export interface Keys {
  /** Bearer of what runs the gateway's business beside it: tokens, revocations, copies, status. */
  readonly internalSecret: string
  /** Makes the ids of executors out of their workspace and name, and the tags of tickets. Never rotated. */
  readonly idKey: string
  /** Newest first. */
  readonly workspaceKeys: readonly SigningKey[]
  readonly joinKeys: readonly SigningKey[]
}

export type KeyFamily = 'workspace' | 'join'

/** Fresh keys, 256 bits each. */
export function makeKeys(): Keys {
  return {
    internalSecret: makeKey(),
    idKey: makeKey(),
    workspaceKeys: [{ key: makeKey() }],
    joinKeys: [{ key: makeKey() }],
  }
}

/** A new key for a family; tokens of the ones before are believed until `until` (s since 1970), those already past are dropped. */
export function rotateKeys(keys: Keys, family: KeyFamily, until: number, now: number): Keys {
  const field = family === 'workspace' ? 'workspaceKeys' : 'joinKeys'
  const old = keys[field]
    .filter((key) => isLive(key, now))
    .map(({ key, until: end }) => ({ key, until: Math.min(end ?? until, until) }))
  return { ...keys, [field]: [{ key: makeKey() }, ...old] }
}

/** The keys whose signatures are believed at `now` (s since 1970), newest first. */
export function liveKeys(keys: readonly SigningKey[], now: number): string[] {
  return keys.filter((key) => isLive(key, now)).map(({ key }) => key)
}

/** The id of an executor: the same for the same workspace and name, and no way back. */
export function exeIdOf(idKey: string, workspaceId: string, name: string): string {
  const digest = createHmac('sha256', idKey).update(`executor\0${workspaceId}\0${name}`).digest('hex')
  return `exe_${digest.slice(0, 24)}`
}

export const keysShape: FileShape<Keys> = {
  parse(value) {
    const fields = fieldsOf(value)
    return {
      internalSecret: textField(fields, 'internalSecret'),
      idKey: textField(fields, 'idKey'),
      workspaceKeys: signingKeys(fields, 'workspaceKeys'),
      joinKeys: signingKeys(fields, 'joinKeys'),
    }
  },
  empty: makeKeys,
}

function signingKeys(fields: Fields, name: string): SigningKey[] {
  const keys = listOf(fields[name], `"${name}"`).map((entry) => {
    const key = fieldsOf(entry, `an entry of "${name}"`)
    const until = key.until === undefined ? {} : { until: countField(key, 'until') }
    return { key: textField(key, 'key'), ...until }
  })
  if (keys.length === 0) throw new Error(`"${name}" is empty`)
  return keys
}

function isLive({ until }: SigningKey, now: number): boolean {
  return until === undefined || until > now
}

function makeKey(): string {
  return randomBytes(32).toString('base64url')
}
