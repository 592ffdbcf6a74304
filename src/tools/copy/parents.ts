import type { Executor } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { metadataIfThere, pathsOf } from './machine.ts'

const CLEAN_UP_TIMEOUT_MS = 10_000

/** Makes the directories above `path`, runs `work`, and when that fails removes those it has made, if nothing else came into them. */
export async function withParents<T>(
  executor: Executor,
  path: string,
  options: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  const missing = await missingParents(executor, path, options)
  try {
    for (const directory of missing.toReversed()) await makeDirectory(executor, directory, options)
    return await work()
  } catch (error) {
    await removeEmpty(executor, missing)
    throw error
  }
}

/** The parents that are not there, the deepest first. */
async function missingParents(executor: Executor, path: string, options: CallOptions): Promise<string[]> {
  const { dirname } = pathsOf(executor)
  const missing: string[] = []
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    const metadata = await metadataIfThere(executor, parent, options)
    if (metadata?.kind === 'directory') return missing
    if (metadata)
      throw new BridgeError('conflict', `cannot make "${path}" there: "${parent}" is not a directory`)
    if (parent === dirname(parent)) throw new BridgeError('not_found', `there is no "${parent}" there`)
    missing.push(parent)
  }
}

async function makeDirectory(executor: Executor, path: string, options: CallOptions): Promise<void> {
  try {
    await executor.createDirectory(path, { recursive: false }, options)
  } catch (reason) {
    // Another copy may have made it at the same time.
    if ((await metadataIfThere(executor, path, options))?.kind === 'directory') return
    const error = BridgeError.from(reason)
    const message = `cannot make the directory "${path}" there: ${error.message}`
    throw new BridgeError(error.code, message, { cause: error })
  }
}

async function removeEmpty(executor: Executor, directories: readonly string[]): Promise<void> {
  try {
    for (const path of directories)
      await executor.remove(path, { recursive: false, force: true }, { timeoutMs: CLEAN_UP_TIMEOUT_MS })
  } catch {
    // One that is not empty is somebody else's by now; and the first reason is the one that counts.
  }
}
