import { open } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type Credential, liveCredential, usableSecret } from './credential.ts'
import { watchFile } from './watch-file.ts'

/** Tokens are a few hundred bytes; what is larger is another file. */
const MAX_BYTES = 64 * 1024
/** Between the moment in which a writer has emptied the file and the one in which it has filled it. */
const REWRITE_MS = 50

/**
 * The secret in the file at `path`, white space around it dropped. It is read at each use, so a rotation needs no more than
 * the file written anew (best by rename, so that no half of it is ever read). One that is empty is read once more: it is being written.
 * It is watched while somebody listens for changes.
 */
export function credentialFromFile(path: string, clock: Clock = systemClock): Credential & Listenable {
  const origin = `file ${JSON.stringify(path)}`
  const look = async () => (await readSmall(path, origin)).trim()
  const read = async () => usableSecret((await look()) || (await setTimeout(REWRITE_MS).then(look)), origin)
  const onChange = (listener: () => void) => watchFile(path, listener, clock)
  return { ...liveCredential(origin, read), onChange }
}

type Listenable = Required<Pick<Credential, 'onChange'>>

async function readSmall(path: string, origin: string): Promise<string> {
  try {
    await using file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0)
    if (bytesRead > MAX_BYTES) throw new Error(`it is larger than ${MAX_BYTES} bytes`)
    return buffer.toString('utf8', 0, bytesRead)
  } catch (error) {
    const { code, message } = BridgeError.from(error)
    const why = code === 'not_found' ? 'it is not there' : message
    throw new BridgeError('denied', `Cannot read a token from ${origin}: ${why}`, { cause: error })
  }
}
