import { homedir } from 'node:os'
import { join } from 'node:path'

/** The user's own place for what a part of this program keeps, by platform. */
export function stateDirectory(part: string, env: Readonly<Record<string, string | undefined>>): string {
  const home = homedir()
  switch (process.platform) {
    case 'win32':
      return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'env-mcp', part)
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'env-mcp', part)
    default:
      return join(env.XDG_STATE_HOME || join(home, '.local', 'state'), 'env-mcp', part)
  }
}
