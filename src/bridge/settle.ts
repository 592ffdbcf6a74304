import type { FileMetadata } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, throwIfAborted } from '../util/signals.ts'
import { lossOf } from './call-failure.ts'

/** What the state of the files says of a request whose answer was lost. */
export type Outcome =
  /** It was carried out, or has nothing left to do. */
  | 'done'
  /** It was not carried out, or carrying it out again leaves the same. */
  | 'again'
  /** Nobody can tell. */
  | 'unknown'

/** Looks at a path; undefined when nothing is there. */
export type Look = (path: string) => Promise<FileMetadata | undefined>

/** How each request that must not simply be sent again is settled. */
export const SETTLE = {
  /** What is still there was not removed, or not all of it. */
  async remove(look: Look, path: string): Promise<Outcome> {
    return (await look(path)) ? 'again' : 'done'
  },
  /** What the first copy left is overwritten with the same bytes. */
  async copy(look: Look, from: string): Promise<Outcome> {
    return (await look(from)) ? 'again' : 'unknown'
  },
  async rename(look: Look, from: string, to: string): Promise<Outcome> {
    if (await look(from)) return 'again'
    return (await look(to)) ? 'done' : 'unknown'
  },
  /** One that is there was made by this request, or was there before: for `recursive` that is the same. */
  async createDirectory(look: Look, path: string, recursive: boolean): Promise<Outcome> {
    if (!(await look(path))) return 'again'
    return recursive ? 'done' : 'unknown'
  },
} as const

/**
 * Does what must not be done twice: when the answer is lost, `ask` says what became of it. Rejects with the loss when it cannot.
 */
export async function settle(
  work: () => Promise<unknown>,
  ask: () => Promise<Outcome>,
  { signal }: CallOptions,
): Promise<void> {
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (!lossOf(error)?.wasSent) throw error
      const outcome = await ask().catch(() => 'unknown' as const)
      throwIfAborted(signal)
      if (outcome === 'done') return
      if (outcome === 'unknown') throw error
    }
  }
}

/** `metadata` as a look. */
export function lookBy(metadata: (path: string) => Promise<FileMetadata>): Look {
  return async (path) => {
    try {
      return await metadata(path)
    } catch (error) {
      if (error instanceof BridgeError && error.code === 'not_found') return undefined
      throw error
    }
  }
}
