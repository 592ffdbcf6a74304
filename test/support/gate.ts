import { execFileSync } from 'node:child_process'
import { open } from 'node:fs/promises'
import { tempDirectory } from './temp-directory.ts'

/** A place where a shell stops: it reads from `path`, and waits there until the gate is disposed of. */
export interface Gate extends AsyncDisposable {
  readonly path: string
  /** Resolves when somebody waits at it. */
  readonly reached: Promise<void>
}

export async function openGate(): Promise<Gate> {
  const directory = await tempDirectory()
  const path = `${directory.path}/gate`
  execFileSync('mkfifo', [path])
  // The system lets a writer in once there is a reader.
  const writer = open(path, 'w')
  return {
    path,
    reached: writer.then(() => {}),
    async [Symbol.asyncDispose]() {
      // Lets the writer in that nobody came for.
      const reader = await open(path, 'r+')
      await (await writer).close()
      await reader.close()
      await directory[Symbol.asyncDispose]()
    },
  }
}
