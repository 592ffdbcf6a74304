import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** From now on nothing can be made, renamed or removed in a directory. Gives what opens it again. */
export function forbidDirectory(path: string): () => void {
  if (process.getuid?.() !== 0) {
    const { mode } = statSync(path)
    chmodSync(path, 0o500)
    return () => chmodSync(path, mode)
  }
  // To root no mode forbids anything.
  if (!canFreeze) return takePlace(path)
  freeze(path, '+i')
  return () => freeze(path, '-i')
}

/** A file comes into the place of a directory. Gives what brings that back. */
export function takePlace(path: string): () => void {
  renameSync(path, `${path}.away`)
  writeFileSync(path, 'something else')
  return () => {
    rmSync(path)
    renameSync(`${path}.away`, path)
  }
}

function freeze(path: string, how: '+i' | '-i'): void {
  execFileSync('chattr', [how, path], { stdio: 'ignore' })
}

/** Not every file system knows it, nor is every root allowed to. */
const canFreeze = process.getuid?.() === 0 && tryFreezing()

function tryFreezing(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'env-mcp-freeze-'))
  try {
    freeze(path, '+i')
    freeze(path, '-i')
    return true
  } catch {
    return false
  } finally {
    rmSync(path, { recursive: true })
  }
}
