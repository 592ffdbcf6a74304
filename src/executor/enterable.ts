import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { bytesFromPath, isWellFormed } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'

/** A directory in a form in which Node lets a child work in it, until disposed. */
export interface Enterable extends Disposable {
  readonly path: string
}

/**
 * Node takes a working directory as text only. One whose name is not UTF-8 is opened, and entered through the name that
 * Linux has for what is open; elsewhere it is refused.
 */
export async function enterable(cwd: string): Promise<Enterable> {
  if (isWellFormed(cwd)) return { path: cwd, [Symbol.dispose]() {} }
  if (process.platform !== 'linux')
    throw new BridgeError('invalid_input', `Cannot work in ${JSON.stringify(cwd)}: its name is not UTF-8`)
  const handle = await open(bytesFromPath(cwd), constants.O_RDONLY | constants.O_DIRECTORY)
  return {
    path: `/proc/self/fd/${handle.fd}`,
    // Nobody else has it, so closing it cannot fail in a way that matters.
    [Symbol.dispose]: () => void handle.close().catch(() => {}),
  }
}
