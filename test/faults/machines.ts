import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { killMarked, MARK, markedProcesses } from '../support/marked-processes.ts'
import { tempDirectory } from '../support/temp-directory.ts'

/** Whose executor is at the far end: our own, or a stock `codex exec-server`. */
export type ExecutorKind = 'ours' | 'codex'

/** An executor in a process of its own. Disposing ends it, with all that runs under it, and removes its directory. */
export interface Machine extends AsyncDisposable {
  /** Where it listens; another place after `restart`. */
  readonly url: string
  /** Its working directory, empty at first. */
  readonly directory: string
  /** The processes that run under it now, or ran under it before it was killed. */
  children(): number[]
  /** Asks it to end, and waits: what ours started ends with it. */
  stop(): Promise<void>
  /** Ends it as a crash does. */
  kill(): Promise<void>
  /** Starts it again in the same directory, with nothing of what it knew. */
  restart(): Promise<void>
}

/** What the two differ in, as far as calls must know. */
export interface Traits {
  /** How long a session waits for its client. */
  readonly retentionMs: number
  /** The input of a process with pipes can be ended. */
  readonly closesStdin: boolean
  /** A connection that ends while a process is being started takes the start with it: nobody can say how far it came. */
  readonly dropsStarts: boolean
  /** A file that is moved and changed is whole at its new name from the first moment. Elsewhere the old text is there before the new. */
  readonly renames: boolean
}

export const TRAITS = {
  ours: { retentionMs: 30_000, closesStdin: true, dropsStarts: false, renames: true },
  codex: { retentionMs: 80_000, closesStdin: false, dropsStarts: true, renames: false },
} as const satisfies Record<ExecutorKind, Traits>

/** Starts one. `program` is the built program, which is our executor too. */
export async function startMachine(kind: ExecutorKind, program: string): Promise<Machine> {
  switch (kind) {
    case 'ours':
      return startOurs(program)
    case 'codex':
      return startCodex()
  }
}

/** Our executor. */
export interface OwnMachine extends Machine {
  /** Of its process now. */
  readonly pid: number
}

/** Starts ours with these flags, and variables beside those of the tests. Where it listens is the first line it says; it may be something else when it does not. */
export async function startOurs(
  program: string,
  flags: readonly string[] = ['--listen', 'ws://127.0.0.1:0'],
  more: Readonly<Record<string, string>> = {},
): Promise<OwnMachine> {
  const home = await tempDirectory()
  const directory = join(home.path, 'work')
  // What it keeps for itself is removed with it, also when it was killed.
  const temp = join(home.path, 'temp')
  for (const path of [directory, temp]) mkdirSync(path)
  const mark = randomUUID()
  const variables = { ...more, [MARK]: mark, TMPDIR: temp }
  const retain = ['--retain', `${TRAITS.ours.retentionMs / 1000}s`]
  const start = () => startExecutor([program, 'executor', ...flags, ...retain], directory, variables)
  let { child, url } = await start()
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  return {
    get url() {
      return url
    },
    get pid() {
      return child.pid!
    },
    directory,
    children: () => markedProcesses(mark).filter((pid) => pid !== child.pid),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      ;({ child, url } = await start())
    },
    async [Symbol.asyncDispose]() {
      await end('SIGKILL')
      killMarked(mark)
      await home[Symbol.asyncDispose]()
    },
  }
}

async function startExecutor(
  command: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
): Promise<{ child: ChildProcess; url: string }> {
  // With the end of our own process its input ends too, and then it does not stay.
  const args = [...command, '--exit-on-stdin-close']
  const env = { ...process.env, ...variables }
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = once(child, 'exit').then(() => {
    throw new Error('Cannot start the executor: it ended before it listened')
  })
  ended.catch(() => {}) // looked at only while the line is waited for
  const [url] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  return { child, url: String(url) }
}

/** What of a running exec-server a machine needs. */
interface CodexProgram extends AsyncDisposable {
  readonly cwd: string
  children(): number[]
  kill(): Promise<void>
}

async function startCodex(): Promise<Machine> {
  // Fetches it when it is not there: only those who want it load this.
  const { startExecServer } = await import('../real/support/exec-server.ts')
  const server = await startExecServer('0.169.0')
  return machineOfCodex(server, server.url)
}

/** A stock exec-server, that has been started, as a machine to be reached under `url`. */
export function machineOfCodex(server: CodexProgram, url: string): Machine {
  return {
    url,
    directory: server.cwd,
    children: () => server.children(),
    stop: () => server.kill(),
    kill: () => server.kill(),
    restart: () => Promise.reject(new Error('Cannot restart a stock exec-server: it has folders of its own')),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
