import { join } from 'node:path'
import type { State } from '../gateway/state.ts'
import { type JoinClaims, mintJoinToken, mintWorkspaceToken, secondsNow } from '../gateway/tokens.ts'
import { writeAtomically } from '../util/atomic-file.ts'
import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'

const HOUR_S = 3600

/** A workspace token in a file is good for so long; who reads it at each connection never meets an old one. */
const TTL_S = 7 * 24 * HOUR_S
/** Well within the day for which a key that was rotated away is still good. */
const RENEW_MS = 6 * HOUR_S * 1000

/** Writes a join token into the state, 0600, and gives its path: a new one each time, so that it is of the newest key. */
export async function writeJoinToken(state: State, claims: JoinClaims): Promise<string> {
  const path = join(state.directory, `${claims.name}.join-token`)
  await writeAtomically(path, `${mintJoinToken(state.keys.read(), claims, secondsNow())}\n`)
  return path
}

/** A file with a token that is renewed until it is disposed. */
export interface KeptToken extends Disposable {
  readonly path: string
}

/** Keeps a token of a workspace in a file of the state, 0600. One that cannot be renewed is logged, and tried again. */
export async function keepWorkspaceToken(
  state: State,
  { workspaceId, clock, logger }: { workspaceId: string; clock: Clock; logger: Logger },
): Promise<KeptToken> {
  const path = join(state.directory, `${workspaceId}.workspace-token`)
  const write = () => {
    const token = mintWorkspaceToken(state.keys.read(), { workspaceId, ttl: TTL_S }, secondsNow())
    return writeAtomically(path, `${token}\n`)
  }
  const failed = (error: unknown) => logger.error({ error: String(error) }, 'workspace token not renewed')
  const renew = () => {
    next = clock.after(RENEW_MS, renew)
    void Promise.resolve().then(write).catch(failed)
  }
  await write()
  let next = clock.after(RENEW_MS, renew)
  return { path, [Symbol.dispose]: () => next[Symbol.dispose]() }
}
