import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Refusal, type ScriptedExecServer } from './scripted-exec-server.ts'

/** Makes a scripted exec-server run real programs of this machine. `aliases` puts a program in the place of another. */
export function runPrograms(
  server: ScriptedExecServer,
  aliases: Readonly<Record<string, readonly string[]>> = {},
): void {
  const children = new Map<string, ChildProcess>()
  server.answer('process/start', async ({ processId, argv, env }) => {
    const [program, ...rest] = argv
    const [file, ...first] = aliases[program] ?? [program]
    const child = spawn(file!, [...first, ...rest], {
      cwd: '/',
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let seq = 0
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream]!.on('data', (data: Buffer) =>
        server.notify('process/output', { processId, seq: ++seq, stream, chunk: data.toString('base64') }),
      )
    child.on('close', (code) => {
      server.exited(processId, ++seq, code ?? 137)
      server.closed(processId, ++seq)
    })
    children.set(processId, child)
    await once(child, 'spawn').catch((error: Error) => {
      throw new Refusal(
        -32603,
        error.message.includes('ENOENT') ? 'No such file or directory (os error 2)' : error.message,
      )
    })
    return { processId }
  })
  server.answer('process/terminate', ({ processId }) => {
    const child = children.get(processId)
    const running = child !== undefined && child.exitCode === null && child.signalCode === null
    if (running) process.kill(-child.pid!, 'SIGKILL')
    return { running }
  })
}
