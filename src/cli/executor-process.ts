import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { ProgramPaths } from '../app/codex-block.ts'
import { BridgeError } from '../util/errors.ts'

/**
 * Starts `env-mcp executor` on a free port of this machine, working in `directory`, and waits until it says where it
 * listens. `stop` ends it and all it started.
 */
export async function startExecutorProcess(
  paths: ProgramPaths,
  directory: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const args = [paths.program, 'executor', '--listen', 'ws://127.0.0.1:0', '--exit-on-stdin-close']
  const child = spawn(paths.node, args, { cwd: directory, stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const stop = async () => {
    child.stdin.end()
    await exited
  }
  const firstLine = once(createInterface(child.stdout), 'line')
  const ended = exited.then(() => [''])
  const [url] = (await Promise.race([firstLine, ended])) as [string]
  if (!url.startsWith('ws://')) throw new BridgeError('unavailable', 'The executor ended before it listened')
  return { url, stop }
}
