import { BridgeError } from '../util/errors.ts'
import type { EnvironmentList, EnvironmentSource } from './environment.ts'

/** How long a list waits for one source while others have answered, unless a refresh is asked for. */
const PATIENCE_MS = 200

/**
 * Several sources as one, in their order. One that fails, or keeps those waiting who want no refresh, is noted as long
 * as another has environments to tell of; otherwise the list rejects with its reason.
 */
export function combineSources(sources: readonly EnvironmentSource[]): EnvironmentSource {
  return {
    async list(options) {
      const isPatient = options?.refresh || sources.length === 1
      const patience = isPatient ? options : { ...options, timeoutMs: PATIENCE_MS }
      const answers = await Promise.allSettled(sources.map((source) => source.list(patience)))
      const lists = answers.filter((answer) => answer.status === 'fulfilled').map((answer) => answer.value)
      const failures = answers.filter((answer) => answer.status === 'rejected').map((answer) => answer.reason)
      const environments = lists.flatMap((list) => list.environments)
      if (failures.length > 0 && environments.length === 0) throw failures[0]
      return { environments, notes: notesOf(lists, failures), stale: lists.find((list) => list.stale)?.stale }
    },
  }
}

function notesOf(lists: readonly EnvironmentList[], failures: readonly unknown[]): string[] {
  const missing = failures.map(
    (reason) => `There may be more environments. ${BridgeError.from(reason).message}`,
  )
  return [...lists.flatMap((list) => list.notes ?? []), ...missing]
}
