import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { interleave, median, ms, type Row } from './measure.ts'

const OURS = ['dist/bin.js', 'serve']
const BARE = ['bench/fixtures/echo-server.mjs']

const OPENING = [
  {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
  },
  { jsonrpc: '2.0', method: 'notifications/initialized' },
  { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} },
]

/** From spawn to the answer of tools/list, and the memory of a server that has just given it. */
export async function benchStartup(): Promise<Row[]> {
  const times = await interleave(21, { ours: () => listOnce(OURS), bare: () => listOnce(BARE) })
  const memory: number[] = []
  for (let round = 0; round < 5; round++)
    await listOnce(OURS, async (child) => void memory.push(await anonymousMb(child)))
  const mb = median(memory)
  return [
    {
      name: 'spawn → tools/list',
      ratio: times.ours / times.bare,
      goal: 1.3,
      note: `${ms(times.ours)} over a bare Node echo server, ${ms(times.bare)}`,
    },
    {
      name: 'anonymous memory after tools/list, MB / 9',
      ratio: mb / 9,
      goal: 1,
      note: `${mb.toFixed(1)} MB`,
    },
  ]
}

async function listOnce(
  args: readonly string[],
  look?: (child: ChildProcess) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  child.stdin.write(OPENING.map((message) => `${JSON.stringify(message)}\n`).join(''))
  for await (const line of createInterface(child.stdout)) if (JSON.parse(line).id === 1) break
  await look?.(child)
  child.kill('SIGKILL')
  await exited
}

/** RssAnon of a process in MB. */
export async function anonymousMb(child: { pid?: number | undefined }): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** The most memory a process ever held (VmHWM), in MB. */
export async function peakMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}
