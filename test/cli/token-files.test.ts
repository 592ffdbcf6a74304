import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { keepWorkspaceToken, writeJoinToken } from '../../src/cli/token-files.ts'
import { rotateKeys } from '../../src/gateway/keys.ts'
import { openState } from '../../src/gateway/state.ts'
import { readJoinToken, readWorkspaceToken, secondsNow } from '../../src/gateway/tokens.ts'
import { silentLogger } from '../../src/util/log.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const HOURS_MS = 3_600_000
const modeOf = async (path: string) => (await stat(path)).mode & 0o777

describe('writeJoinToken', () => {
  it('writes a token of the newest key, for its owner alone', async () => {
    await using directory = await tempDirectory()
    const state = await openState(join(directory.path, 'state'))
    const claims = { workspaceId: 'w', name: 'box', description: 'A box', isDefault: true }
    const path = await writeJoinToken(state, claims)
    expect(readJoinToken(state.keys.read(), (await readFile(path, 'utf8')).trim(), secondsNow())).toEqual(
      claims,
    )
    expect(await modeOf(path)).toBe(0o600)
  })
})

describe('keepWorkspaceToken', () => {
  it('renews the token, with the key there is then, until it is disposed', async () => {
    await using directory = await tempDirectory()
    const state = await openState(join(directory.path, 'state'))
    const clock = new ManualClock()
    const kept = await keepWorkspaceToken(state, { workspaceId: 'w', clock, logger: silentLogger })
    const token = async () => (await readFile(kept.path, 'utf8')).trim()
    const first = await token()
    expect(readWorkspaceToken(state.keys.read(), first, secondsNow())).toMatchObject({ workspaceId: 'w' })
    expect(await modeOf(kept.path)).toBe(0o600)

    const now = secondsNow()
    await state.keys.update((keys) => rotateKeys(keys, 'workspace', now, now))
    await clock.advance(6 * HOURS_MS)
    await expect.poll(token).not.toBe(first)
    expect(readWorkspaceToken(state.keys.read(), await token(), now + 1)).toMatchObject({ workspaceId: 'w' })
    kept[Symbol.dispose]()
    expect(clock.pending).toBe(0)
  })
})
