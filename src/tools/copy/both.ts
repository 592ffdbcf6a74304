import { type CallOptions, callScope } from '../../util/signals.ts'

/**
 * Does two things at once. When one fails the other is given up; the reason is that of the first that failed, and is thrown when
 * neither runs any more: what is cleaned up then is not touched again.
 */
export async function both<A, B>(
  one: (options: CallOptions) => Promise<A>,
  other: (options: CallOptions) => Promise<B>,
  options: CallOptions,
): Promise<[A, B]> {
  using scope = callScope(options)
  const failures: Error[] = []
  const giveUp = (reason: Error) => {
    failures.push(reason)
    scope.abort(reason)
    throw reason
  }
  const within = { signal: scope.signal }
  const works = [one(within).catch(giveUp), other(within).catch(giveUp)] as const
  await Promise.allSettled(works)
  if (failures[0]) throw failures[0]
  return Promise.all(works)
}
