import { startChildServer } from '../src/app/child-server.ts'
import { listenExecutor } from '../src/executor/listen.ts'
import { startFaultProxy } from '../test/support/fault-proxy.ts'
import { median, ms, type Row } from './measure.ts'

/** A gateway that is deployed anew. */
const OUTAGES_MS = [0, 100, 250, 500, 1000]
/** Between two outages, so that the second is tried for as eagerly as the first. */
const HEALTH_MS = 10_500
const CALLS = 200
const ROUNDS = 3

/** How soon output comes again after the network does, and what one cut a second costs calls one after another. */
export async function benchReconnect(): Promise<Row[]> {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  await using proxy = await startFaultProxy(server.url)
  const flags = ['dist/bin.js', 'serve', '--log-level', 'error', '--environment', `box=${proxy.url}`]
  await using agent = await startChildServer(process.execPath, flags)
  const started = await agent.call('exec_command', { command: 'while :; do echo x; sleep 0.01; done' })
  const id = /session ID (\S+)/.exec(started)?.[1] ?? ''

  const firstByteMs = async (outageMs: number) => {
    proxy.isDown = true
    proxy.cut()
    await pause(outageMs)
    await agent.call('read_output', { session_id: id, yield_time_ms: 0 })
    proxy.isDown = false
    const backAt = performance.now()
    await agent.call('read_output', { session_id: id, wait_for: 'x', yield_time_ms: 20_000 })
    return performance.now() - backAt
  }
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const outageMs of OUTAGES_MS) {
      await pause(HEALTH_MS)
      times.push(await firstByteMs(outageMs))
    }
  }
  await agent.call('terminate', { session_id: id })

  const callsMs = async () => {
    const startedAt = performance.now()
    for (let n = 0; n < CALLS; n++) await agent.call('shell', { command: ['true'] })
    return performance.now() - startedAt
  }
  const [calm, cut]: [number[], number[]] = [[], []]
  for (let round = 0; round < ROUNDS; round++) {
    calm.push(await callsMs())
    const cutting = setInterval(() => proxy.cut(), 1000)
    cut.push(await callsMs())
    clearInterval(cutting)
  }
  await server.close()
  const goalMs = 250
  return [
    {
      name: `first byte after ${OUTAGES_MS.join(', ')} ms away, p50 / ${goalMs} ms`,
      ratio: median(times) / goalMs,
      goal: 1,
      note: `each: ${times.map((time) => time.toFixed(0)).join(', ')} ms`,
    },
    {
      name: `${CALLS} calls, one cut a second / none`,
      ratio: median(cut) / median(calm),
      goal: 1 / 0.9,
      note: `${ms(median(cut))} / ${ms(median(calm))}`,
    },
  ]
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs))
}
