import { BridgeError } from '../../util/errors.ts'
import type { Machine } from './machine.ts'
import { isRefusal, reasonOf, withAftermath } from './reason.ts'

/** What a file holds; undefined when nobody knows. */
export type Content = Uint8Array | 'none' | undefined

export interface WriteRequest {
  readonly path: string
  readonly bytes: Uint8Array
  /** The file, not a link, whose mode it gets. Left out, it keeps its own, or gets the usual one. */
  readonly like: string | undefined
  /** What it holds before. */
  readonly old: Content
}

/**
 * Writes over a file where it lies, which keeps its mode. When that fails, what has become of the file is looked at: what was written
 * after all counts as written, and what was half-written is put back, or taken away. The error says so.
 */
export async function writeInPlace(machine: Machine, request: WriteRequest): Promise<void> {
  try {
    if (request.like === undefined || !(await writeAs(request.like, machine, request)))
      await write(machine, request)
  } catch (error) {
    const reason = reasonOf(error)
    if (isRefusal(reason)) throw reason
    await mend(machine, request, reason)
  }
}

/** A copy brings the mode: a stock executor has no other way to set one. False when that mode keeps us from writing. */
async function writeAs(like: string, machine: Machine, request: WriteRequest): Promise<boolean> {
  const { path, old } = request
  await machine.change((executor, options) => executor.copy(like, path, { recursive: false }, options))
  try {
    await write(machine, request)
    return true
  } catch (error) {
    if (reasonOf(error).code !== 'denied' || old !== 'none') throw error
    await takeAway(machine, path)
    return false
  }
}

function write(machine: Machine, { path, bytes }: WriteRequest): Promise<void> {
  return machine.change((executor, options) => executor.writeFile(path, bytes, options))
}

async function mend(
  machine: Machine,
  { path, bytes, old }: WriteRequest,
  reason: BridgeError,
): Promise<void> {
  const now = await readBack(machine, path, reason)
  if (isEqual(now, bytes)) return
  if (isEqual(now, old)) throw withAftermath(reason, 'nothing was changed')
  if (old === undefined) throw withAftermath(reason, 'it may have only a part of the new text')
  try {
    await (old === 'none' ? takeAway(machine, path) : putBack(machine, path, old))
  } catch {
    throw withAftermath(reason, 'it may have only a part of the new text, and this could not be undone')
  }
  throw withAftermath(
    reason,
    old === 'none' ? 'what there was of it was removed' : 'its old text was put back',
  )
}

async function readBack(machine: Machine, path: string, reason: BridgeError): Promise<Content> {
  try {
    return await machine.settle((executor, options) => executor.readFile(path, options))
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'not_found') return 'none'
    throw withAftermath(reason, 'whether it was written is not known: read it before you repeat this')
  }
}

function takeAway(machine: Machine, path: string): Promise<void> {
  const request = { recursive: false, force: true }
  return machine.settle((executor, options) => executor.remove(path, request, options))
}

function putBack(machine: Machine, path: string, old: Uint8Array): Promise<void> {
  return machine.settle((executor, options) => executor.writeFile(path, old, options))
}

function isEqual(a: Content, b: Content): boolean {
  if (a === undefined || b === undefined) return false
  return a === 'none' || b === 'none' ? a === b : Buffer.compare(a, b) === 0
}
