import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CODEX_DIR } from './codex.ts'

/**
 * A fresh folder for one run of a codex program, removed at the end. It lies beside the fetched programs because
 * codex refuses to put its helper links under the system's temporary directory.
 */
export class RunFolder implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<RunFolder> {
    const parent = join(CODEX_DIR, 'run')
    await mkdir(parent, { recursive: true })
    return new RunFolder(await mkdtemp(join(parent, 'r')))
  }

  /** Makes a folder in it and gives its path. */
  async folder(name: string): Promise<string> {
    const path = join(this.path, name)
    await mkdir(path)
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 })
  }
}
