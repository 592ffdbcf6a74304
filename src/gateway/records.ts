import { type Fields, fieldsOf, listOf, nameField, optionalText, textField } from './fields.ts'
import type { FileShape } from './shared-file.ts'
import { MAX_DESCRIPTION } from './tokens.ts'

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
      return { url: textField(fields, 'url', 2048), ...describedName(fields) }
    }),
  empty: () => [],
}

function describedName(fields: Fields) {
  return {
    workspaceId: nameField(fields, 'workspaceId'),
    name: nameField(fields, 'name'),
    description: optionalText(fields, 'description', MAX_DESCRIPTION) ?? '',
    isDefault: fields.isDefault === true,
  }
}
