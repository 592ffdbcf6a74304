import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { killMarked, MARK, markedProcesses } from '../../support/marked-processes.ts'
import { type CodexVersion, codexBinary } from './codex.ts'
import { RunFolder } from './run-folder.ts'

/** A running `codex exec-server`. Disposing it ends it and all that runs under it, and removes its folders. */
export interface ExecServer extends AsyncDisposable {
  readonly version: CodexVersion
  /** `ws://127.0.0.1:PORT`, as it printed it. */
  readonly url: string
  readonly home: string
  /** Its working directory, empty at first. */
  readonly cwd: string
  /** Its directory for temporary files. */
  readonly temp: string
  /** The processes that run under it now. */
  children(): number[]
  /** Ends it without a word to its clients; what runs under it lives on. */
  kill(): Promise<void>
}

/**
 * Starts one of that version on a port of its own, with folders of its own and a small known environment (with PLAIN and
 * SOME_TOKEN, for tests of what a command inherits). Resolves when it listens.
 */
export async function startExecServer(version: CodexVersion): Promise<ExecServer> {
  const binary = await codexBinary(version)
  const folder = await RunFolder.make()
  const [home, cwd, temp] = [
    await folder.folder('home'),
    await folder.folder('work'),
    await folder.folder('temp'),
  ]
  const mark = randomUUID()
  const child = spawn(binary, ['exec-server', '--listen', 'ws://127.0.0.1:0'], {
    cwd,
    env: { ...KNOWN, PATH: process.env.PATH ?? '', HOME: home, CODEX_HOME: home, TMPDIR: temp, [MARK]: mark },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return {
    version,
    url: await firstLine(child),
    home,
    cwd,
    temp,
    children: () => markedProcesses(mark).filter((pid) => pid !== child.pid),
    kill: () => kill(child),
    async [Symbol.asyncDispose]() {
      await kill(child)
      killMarked(mark)
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** What every exec-server of the tests has in its environment. */
export const KNOWN = { SHELL: '/bin/bash', LANG: 'C.UTF-8', PLAIN: 'plain', SOME_TOKEN: 'token' }

/** The first line a program prints; rejects when it ends before it. */
async function firstLine(child: ChildProcess): Promise<string> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`Cannot start "codex exec-server": it ended with code ${String(code)}`)
  })
  ended.catch(() => {}) // looked at only while the line is waited for
  const [line] = await Promise.race([once(createInterface(child.stdout!), 'line'), ended])
  return String(line)
}

/** Kills it, if it still runs, and waits for that. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
