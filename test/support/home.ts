import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A home of the tests' own: login shells read nobody's profile (some take half a second, and leave locks behind when they
 * are killed in the middle), and what programs keep is not kept in yours.
 */
export default async function setUpHome(): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'env-mcp-home-'))
  process.env.HOME = home
  delete process.env.XDG_STATE_HOME
  return () => rm(home, { recursive: true, force: true, maxRetries: 5 })
}
