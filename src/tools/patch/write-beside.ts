import { randomBytes } from 'node:crypto'
import { parentOf, pathsOf } from '../../patch/paths.ts'
import type { BridgeError } from '../../util/errors.ts'
import type { Machine } from './machine.ts'
import { reasonOf, withAftermath } from './reason.ts'

/**
 * Writes a new file beside its place, with the mode of `like`, and renames it into it: nobody ever sees it half-written. False
 * when the directory does not let us.
 */
export async function writeBeside(
  machine: Machine,
  { path, bytes, like }: { path: string; bytes: Uint8Array; like: string },
): Promise<boolean> {
  const beside = pathsOf(path).join(parentOf(path), `.apply-patch-${randomBytes(5).toString('hex')}.tmp`)
  let isWritten = false
  try {
    await machine.change((executor, options) => executor.copy(like, beside, { recursive: false }, options))
    await machine.change((executor, options) => executor.writeFile(beside, bytes, options))
    isWritten = true
    await machine.change((executor, options) => executor.rename(beside, path, options))
    return true
  } catch (error) {
    const reason = reasonOf(error)
    const isThere = await removeIfThere(machine, beside, reason)
    // The answer to the rename was lost, not the rename.
    if (isWritten && !isThere) return true
    if (reason.code === 'denied') return false
    throw reason
  }
}

async function removeIfThere(machine: Machine, path: string, reason: BridgeError): Promise<boolean> {
  try {
    if (!(await machine.metadata(path))) return false
    const request = { recursive: false, force: true }
    await machine.settle((executor, options) => executor.remove(path, request, options))
    return true
  } catch {
    const left = `${JSON.stringify(path)} may be left behind`
    throw withAftermath(
      reason,
      `whether it was written is not known: read it before you repeat this; ${left}`,
    )
  }
}
