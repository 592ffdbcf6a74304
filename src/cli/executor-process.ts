import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ProgramPaths } from '../app/codex-block.ts'
import { BridgeError } from '../util/errors.ts'

/** `env-mcp executor` as a child of ours. It never outlives us: its input ends with us. */
export interface ExecutorProcess {
  /** Its first line: where it listens, or to what it is connected. Rejects when it ends before. */
  readonly firstLine: Promise<string>
  /** Resolves with its exit code, the signal that ended it, or why it could not be started. Never rejects. */
  readonly ended: Promise<number | string>
  /** Ends it and all it started; one that does not end in time is killed. */
  stop(): Promise<void>
}

/** Ending all that runs takes it a second at most, on a machine that has other things to do. */
const GRACE_MS = 10_000

/** Starts it with these flags, working in `directory`. `graceMs`: how long it may take to end. */
export function startExecutorProcess(
  paths: ProgramPaths,
  { directory, flags, graceMs = GRACE_MS }: { directory: string; flags: readonly string[]; graceMs?: number },
): ExecutorProcess {
  const args = [paths.program, 'executor', ...flags, '--exit-on-stdin-close']
  // Away from the terminal: Ctrl-C there is for us, and the end of this one for us to order.
  const detached = process.platform !== 'win32'
  const child = spawn(paths.node, args, { cwd: directory, detached, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(
    ([code, signal]: (number | string)[]) => code ?? signal ?? '',
    (error: unknown) => BridgeError.from(error).message,
  )
  const tooSoon = ended.then(() => {
    throw new BridgeError('unavailable', 'The executor ended before it was ready')
  })
  const line = once(createInterface(child.stdout), 'line').then(([text]) => String(text))
  const firstLine = Promise.race([line, tooSoon])
  firstLine.catch(() => {}) // not everybody waits for it
  return {
    firstLine,
    ended,
    async stop() {
      child.stdin.end()
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs).unref()
      await ended
      clearTimeout(late)
    },
  }
}
