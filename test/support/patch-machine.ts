import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalExecutor } from '../../src/executor/local.ts'
import type { Executor, FileMetadata } from '../../src/protocol/executor.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { tempDirectory } from './temp-directory.ts'
import { toolsOver } from './tool-calls.ts'
import { type ExecutorChanges, WrappedExecutor } from './wrapped-executor.ts'

/** An executor that counts, and may fail, what is done to files. */
class WatchedExecutor extends WrappedExecutor {
  readonly log: string[] = []
  /** Asked before each step: an error is the answer then; with `isDone`, the step is done all the same. */
  fail: (step: string) => { error: Error; isDone: boolean } | undefined = () => undefined
  /** Waited for before each step is done. */
  gate: (step: string) => Promise<void> = async () => {}

  override readFile(...args: Parameters<Executor['readFile']>) {
    return this.#do(`read ${nameOf(args[0])}`, () => super.readFile(...args))
  }

  override writeFile(...args: Parameters<Executor['writeFile']>) {
    return this.#do(`write ${nameOf(args[0])}`, () => super.writeFile(...args))
  }

  override remove(...args: Parameters<Executor['remove']>) {
    return this.#do(`remove ${nameOf(args[0])}`, () => super.remove(...args))
  }

  override rename(...args: Parameters<Executor['rename']>) {
    return this.#do(`rename ${nameOf(args[0])} ${nameOf(args[1])}`, () => super.rename(...args))
  }

  override copy(...args: Parameters<Executor['copy']>) {
    return this.#do(`copy ${nameOf(args[0])} ${nameOf(args[1])}`, () => super.copy(...args))
  }

  async #do<T>(step: string, work: () => Promise<T>): Promise<T> {
    this.log.push(step)
    await this.gate(step)
    const failure = this.fail(step)
    if (!failure) return work()
    if (failure.isDone) await work()
    throw failure.error
  }
}

/** `x` of `/dir/x`; the random name of a file beside is `*`. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/^\.apply-patch-.*/, '*')
}

/** As a stock exec-server: no rename, and no word on modes. */
export const STOCK: ExecutorChanges = {
  features: { rename: false },
  metadata: (found: FileMetadata) => ({ ...found, mode: undefined, replaceable: undefined }),
}

/** What a connection says that was lost while a call waited. */
export const LOST = new BridgeError(
  'unavailable',
  'Cannot write "/x": the connection ended; unknown: it may have been carried out, so check what the file holds before repeating it',
)
export const FULL = new BridgeError('conflict', 'Cannot write "/x": no space left on device')

/** A machine with a directory of its own, and `apply_patch` over it. */
export async function patchMachine(changes: ExecutorChanges = {}, others: Record<string, Executor> = {}) {
  const directory = await tempDirectory()
  const executor = new WatchedExecutor(new LocalExecutor({ cwd: directory.path }), changes)
  const tools = toolsOver({ box: executor, ...others })
  const path = (name: string) => join(directory.path, name)
  return {
    executor,
    path,
    put: (name: string, text: string | Uint8Array, mode = 0o644) => writeFileSync(path(name), text, { mode }),
    text: (name: string) => readFileSync(path(name), 'utf8'),
    apply: (sections: string, more: object = {}) =>
      tools.call('apply_patch', { patch: `*** Begin Patch\n${sections}\n*** End Patch`, ...more }),
    call: (args: object) => tools.call('apply_patch', args),
    async [Symbol.asyncDispose]() {
      await tools[Symbol.asyncDispose]()
      await executor[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** An Update section with one hunk. */
export const update = (name: string, ...lines: string[]) =>
  [`*** Update File: ${name}`, '@@', ...lines].join('\n')
