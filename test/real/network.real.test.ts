import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { BridgeError } from '../../src/util/errors.ts'
import type { CallOptions } from '../../src/util/signals.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import type { CodexVersion } from './support/codex.ts'
import { startExecServer } from './support/exec-server.ts'
import { connectMcp } from './support/mcp-client.ts'

/** Counts until somebody says stop, 100 lines a second at most. */
const COUNT = 'i=0; until [ -e stop ]; do i=$((i+1)); echo $i; sleep 0.01; done; echo over'

/** How long each version keeps a session without a connection: 80 s, 30 s, 30 s and 10 s. The longest cut is just under it. */
const CUTS: readonly (readonly [CodexVersion, number])[] = [
  ['0.169.0', 0],
  ['0.169.0', 8],
  ['0.169.0', 40],
  ['0.169.0', 78],
  ['0.150.1', 8],
  ['0.150.1', 28],
  ['0.142.5', 8],
  ['0.142.5', 28],
  ['0.132.0', 0],
  ['0.132.0', 8],
]

describe('a network that is cut while a command prints', () => {
  it.concurrent.each(CUTS)(
    'is not seen on codex exec-server %s: for %i s',
    async (version, seconds) => {
      await using server = await startExecServer(version)
      await using proxy = await startFaultProxy(server.url)
      await using client = await connectMcp([`--environment=box=${proxy.url}`])
      const counted = client.call('shell', { command: ['/bin/sh', '-c', COUNT], timeout_ms: 200_000 })
      await delay(1000)
      await cutFor(proxy, seconds * 1000)
      await delay(1000)
      await writeFile(join(server.cwd, 'stop'), '')
      const { text, isError } = await counted
      const lines = text.slice(text.indexOf('Output:\n') + 'Output:\n'.length).split('\n')
      expect([isError, lines.splice(lines.indexOf('over'))]).toEqual([false, ['over', '']])
      expect(lines.length).toBeGreaterThan(20 + seconds * 10)
      expect(lines).toEqual(lines.map((_, at) => String(at + 1)))
    },
    200_000,
  )

  it.concurrent('is told when it was cut for longer than the executor waits', async () => {
    await using server = await startExecServer('0.132.0')
    await using proxy = await startFaultProxy(server.url)
    await using client = await connectMcp([`--environment=box=${proxy.url}`])
    const counted = client.call('shell', { command: ['/bin/sh', '-c', COUNT], timeout_ms: 200_000 })
    await delay(1000)
    await cutFor(proxy, 15_000)
    const { text, isError } = await counted
    expect(isError).toBe(true)
    expect(text).toMatch(/\[process_lost\] .*ended at \d{4}-\S+ .*its session is gone/)
    expect(text).toMatch(/^Output:\n1\n2\n3\n/m)
    const next = await client.call('shell', { command: ['echo', 'works'] })
    expect(next.text).toMatch(/^works$/m)
  }, 200_000)
})

describe('a connection that is made and dropped', () => {
  it('1,000 times leaves no socket behind', async () => {
    await using server = await startExecServer('0.169.0')
    await using proxy = await startFaultProxy(server.url)
    const redial = (options: CallOptions) =>
      dial({ name: 'box', url: proxy.url, framing: 'text', ...options })
    // Nothing waits between two tries.
    const client = await BridgeClient.open(await redial({}), { name: 'box', redial, random: () => 0 })
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    for (let cycle = 0; cycle < 1000; cycle++) {
      proxy.cut()
      await client.metadata('/')
    }
    await expect.poll(sockets, { timeout: 5000 }).toBeLessThanOrEqual(before)
    expect(proxy.connections).toBe(1001)
    await client.close(new BridgeError('canceled', 'the test is over'))
  }, 120_000)
})

async function cutFor(proxy: FaultProxy, ms: number): Promise<void> {
  proxy.isDown = true
  proxy.cut()
  await delay(ms)
  proxy.isDown = false
}
