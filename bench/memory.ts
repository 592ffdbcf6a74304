import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startChildServer } from '../src/app/child-server.ts'
import { startExecServer } from '../test/real/support/exec-server.ts'
import type { Row } from './measure.ts'
import { peakMb } from './startup.ts'

const GOAL_MB = 120

/** The most memory the server ever held, for output and files far larger than that. */
export async function benchMemory(): Promise<Row[]> {
  await using server = await startExecServer('0.169.0')
  const folder = await mkdtemp(join(process.cwd(), 'node_modules', '.bench-'))
  try {
    const file = join(folder, 'large')
    execFileSync('sh', ['-c', `head -c 1073741824 /dev/zero | tr '\\0' 'x' > "$0"`, file])
    return [
      await peak(server.url, '100 MB of output', 'shell', {
        command: `head -c 104857600 /dev/zero | tr '\\0' 'x'`,
      }),
      await peak(server.url, '1 GB file, read_file of a window at its end', 'read_file', {
        path: file,
        offset: 1073741824 - 2048,
        limit: 2048,
      }),
      await peak(server.url, '1 GB file, read_file of all of it', 'read_file', { path: file }),
    ]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function peak(url: string, name: string, tool: string, args: Record<string, unknown>): Promise<Row> {
  await using agent = await startChildServer(process.execPath, [
    'dist/bin.js',
    'serve',
    '--log-level=warn',
    '--environment',
    `box=${url}`,
  ])
  const startedAt = performance.now()
  await agent.call(tool, { environment_id: 'box', ...args })
  const seconds = (performance.now() - startedAt) / 1000
  const mb = await peakMb(agent.pid)
  return {
    name: `${name}: peak MB / ${GOAL_MB}`,
    ratio: mb / GOAL_MB,
    goal: 1,
    note: `${mb.toFixed(0)} MB, ${seconds.toFixed(1)} s`,
  }
}
