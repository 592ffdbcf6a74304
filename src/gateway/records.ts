import { MAX_DESCRIPTION } from '../util/description-rule.ts'
import { type Fields, fieldsOf, listOf, nameField, optionalText, textField } from './fields.ts'
import { DIAL_IN_ERAS, type DialInEra } from './link.ts'
import { parsePublicKey } from './noise/identity.ts'
import { MAX_TOKEN } from './sealed.ts'
import type { FileShape } from './shared-file.ts'

/** An executor as it is remembered when it is not connected. */
export interface ExecutorRecord {
  readonly exeId: string
  readonly workspaceId: string
  readonly name: string
  readonly description: string
  readonly isDefault: boolean
  /** ISO 8601; absent until it was connected once. */
  readonly lastSeenAt?: string
}

/** A machine that listens itself (`codex exec-server --listen ws://…`): the gateway dials it. */
export interface Machine {
  readonly workspaceId: string
  readonly name: string
  readonly url: string
  readonly description: string
  readonly isDefault: boolean
}

/** Both are of the same machine: a name means one in its workspace. */
export function sameMachine(a: MachineName, b: MachineName): boolean {
  return a.name === b.name && a.workspaceId === b.workspaceId
}

type MachineName = Pick<Machine, 'name' | 'workspaceId'>

/**
 * An executor's word that it will connect, and how, as it is remembered over a restart of the gateway. It may connect again and
 * again until another takes its place.
 */
export interface SavedRegistration {
  readonly id: string
  /** Of what the address to dial ends with: who has that is this executor. */
  readonly ticketDigest: string
  readonly workspaceId: string
  readonly exeId: string
  /** As it was asked for: the id, or the name, of the executor. */
  readonly environmentId: string
  readonly era: DialInEra
  /** Its static key as `publicKeyToJson` gives it; only in the Noise era. */
  readonly key?: Fields
  /** The same for the same process, as far as its version lets that be told; otherwise of its own. */
  readonly identity: string
  /** It waits for credit before it sends more on a stream: ours does. */
  readonly heedsCredit: boolean
  /** What it registered with: its connections are good for as long as that is. */
  readonly joinToken: string
}

/** The longest address of a machine that listens. */
export const MAX_MACHINE_URL = 2048

export const executorsShape: FileShape<readonly ExecutorRecord[]> = {
  parse: (value) =>
    listOf(value, 'it').map((entry) => {
      const fields = fieldsOf(entry, 'an entry')
      const lastSeenAt = optionalText(fields, 'lastSeenAt')
      return {
        exeId: textField(fields, 'exeId'),
        ...describedName(fields),
        ...(lastSeenAt === undefined ? {} : { lastSeenAt }),
      }
    }),
  empty: () => [],
}

export const machinesShape: FileShape<readonly Machine[]> = {
  parse: (value) =>
    listOf(value, 'it').map((entry) => {
      const fields = fieldsOf(entry, 'an entry')
      return { url: textField(fields, 'url', MAX_MACHINE_URL), ...describedName(fields) }
    }),
  empty: () => [],
}

/** Reads one; throws a plain sentence when it is none. */
export function parseSavedRegistration(value: unknown): SavedRegistration {
  const fields = fieldsOf(value)
  const era = eraField(fields)
  return {
    id: textField(fields, 'id'),
    ticketDigest: textField(fields, 'ticketDigest'),
    workspaceId: nameField(fields, 'workspaceId'),
    exeId: textField(fields, 'exeId'),
    environmentId: textField(fields, 'environmentId'),
    era,
    ...(era === 'noise' ? { key: keyField(fields) } : {}),
    identity: textField(fields, 'identity'),
    heedsCredit: fields.heedsCredit === true,
    joinToken: textField(fields, 'joinToken', MAX_TOKEN),
  }
}

function eraField(fields: Fields): DialInEra {
  const era = DIAL_IN_ERAS.find((known) => known === fields.era)
  if (era) return era
  throw new Error(`"era" must be one of ${DIAL_IN_ERAS.join(', ')}`)
}

function keyField({ key }: Fields): Fields {
  if (parsePublicKey(key)) return fieldsOf(key)
  throw new Error('"key" is not a public key of the suite')
}

function describedName(fields: Fields) {
  return {
    workspaceId: nameField(fields, 'workspaceId'),
    name: nameField(fields, 'name'),
    description: optionalText(fields, 'description', MAX_DESCRIPTION) ?? '',
    isDefault: fields.isDefault === true,
  }
}
