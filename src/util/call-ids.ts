import { AsyncLocalStorage } from 'node:async_hooks'

/** What the agent calls the work that is being done, where it says so. For logs and audits, never a reason to trust. */
export interface CallIds {
  readonly threadId?: string | undefined
  readonly turnId?: string | undefined
  readonly callId?: string | undefined
}

const storage = new AsyncLocalStorage<CallIds>()

/** Runs `work`; all that it does, and what it leaves running, is done under these ids. Without any id it just runs. */
export function withCallIds<T>(ids: CallIds, work: () => T): T {
  const { threadId, turnId, callId } = ids
  if (threadId === undefined && turnId === undefined && callId === undefined) return work()
  return storage.run({ threadId, turnId, callId }, work)
}

/** The ids of the call on whose behalf this code runs. */
export function currentCallIds(): CallIds | undefined {
  return storage.getStore()
}
