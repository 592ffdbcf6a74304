import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ProgramPaths } from '../app/codex-block.ts'
import { BridgeError } from '../util/errors.ts'

/** `env-mcp executor` as a child of ours. It never outlives us: its input ends with us. */
export interface ExecutorProcess {
  /** Its first line: where it listens, or to what it is connected. Rejects when it ends before. */
  readonly firstLine: Promise<string>
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  /** Ends it and all it started. */
  stop(): Promise<void>
}

/** Starts it with these flags, working in `directory`. */
export function startExecutorProcess(
  paths: ProgramPaths,
  { directory, flags }: { directory: string; flags: readonly string[] },
): ExecutorProcess {
  const args = [paths.program, 'executor', ...flags, '--exit-on-stdin-close']
  // Away from the terminal: Ctrl-C there is for us, and the end of this one for us to order.
  const detached = process.platform !== 'win32'
  const child = spawn(paths.node, args, { cwd: directory, detached, stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(([code, signal]: (number | string)[]) => code ?? signal ?? '')
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
      await ended
    },
  }
}
