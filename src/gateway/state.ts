import { chmod, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { BridgeError } from '../util/errors.ts'
import { stateDirectory } from '../util/state-directory.ts'
import { fieldsOf, optionalText, textField } from './fields.ts'
import { JournalFile } from './journal-file.ts'
import { type Keys, keysShape } from './keys.ts'
import {
  type ExecutorRecord,
  executorsShape,
  type Machine,
  machinesShape,
  parseSavedRegistration,
  type SavedRegistration,
} from './records.ts'
import { type Revoked, revokedShape } from './revocations.ts'
import { type FileShape, SharedFile } from './shared-file.ts'

/** Where the gateway of this state listens, for the commands beside it. Kept when it stops: it will be there again. */
export interface Listening {
  /** Where it is reached from this machine, and where executors and bridges reach it. */
  readonly localUrl: string
  readonly publicUrl: string
  /** Its certificate, when it serves TLS itself. */
  readonly certFile?: string
}

/** All that a gateway keeps on disk. Its directory is 0700, its files 0600, each written whole or not at all. */
export interface State {
  readonly directory: string
  readonly keys: SharedFile<Keys>
  readonly revoked: SharedFile<Revoked>
  readonly machines: SharedFile<readonly Machine[]>
  readonly executors: SharedFile<readonly ExecutorRecord[]>
  /** Of the gateway alone. */
  readonly registrations: JournalFile<SavedRegistration>
  readonly listening: SharedFile<Listening | undefined>
}

/** Opens the state in `directory`, and makes it, with its secrets, when it is not there. */
export async function openState(directory: string): Promise<State> {
  await claimDirectory(directory).catch((error: unknown) => {
    throw cannotKeep(directory, error)
  })
  const state = stateIn(directory)
  await state.keys.ensure()
  return state
}

/** The state in `directory`, for who only asks: nothing is made, and what is not there reads as at the first start. */
export function stateIn(directory: string): State {
  const file = <T>(name: string, shape: FileShape<T>) => new SharedFile(join(directory, name), shape)
  return {
    directory,
    keys: file(KEYS, keysShape),
    revoked: file('revoked.json', revokedShape),
    machines: file('machines.json', machinesShape),
    executors: file('executors.json', executorsShape),
    registrations: new JournalFile(join(directory, 'registrations.jsonl'), parseSavedRegistration),
    listening: file('listening.json', listeningShape),
  }
}

/** The user's own place for state, by platform. */
export function defaultStateDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return stateDirectory('gateway', env)
}

const KEYS = 'keys.json'

/** Makes the directory ours alone. One with other things in it is refused. */
async function claimDirectory(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const names = await readdir(directory)
  const isOurs = names.includes(KEYS)
  if (!isOurs && names.some((name) => !name.startsWith(KEYS)))
    throw new BridgeError('conflict', 'it has other things in it: give an empty directory, or none')
  const { mode } = await stat(directory)
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') await chmod(directory, 0o700)
}

function cannotKeep(directory: string, error: unknown): BridgeError {
  const { code, message } = BridgeError.from(error)
  return new BridgeError(code, `Cannot keep state in "${directory}": ${message}`, { cause: error })
}

const listeningShape: FileShape<Listening | undefined> = {
  parse(value) {
    const fields = fieldsOf(value)
    const certFile = optionalText(fields, 'certFile', 4096)
    return {
      localUrl: textField(fields, 'localUrl', 2048),
      publicUrl: textField(fields, 'publicUrl', 2048),
      ...(certFile === undefined ? {} : { certFile }),
    }
  },
  empty: () => undefined,
}
