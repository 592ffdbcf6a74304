import { type ChildServer, startChildServer } from '../src/app/child-server.ts'
import { listenExecutor } from '../src/executor/listen.ts'
import { type FaultProxy, startFaultProxy } from '../test/support/fault-proxy.ts'
import { median, type Row } from './measure.ts'

/** A gateway that is deployed anew: so long are the machines away, each again and again for its own time. */
const AWAY_MS = [0, 100, 250, 500, 1000]
const OUTAGES = 8
/** Between two outages, so that the second is tried for as eagerly as the first. */
const HEALTH_MS = 10_500
const FIRST_BYTE_MS = 250
/** Calls are counted for so long, in turns without and with cuts, so that a noisy minute hits both alike. */
const TURN_MS = 3000
const TURNS = 8
const CUT_EVERY_MS = 1000

/** How soon output comes again after the network does, and what one cut a second costs calls one after another. */
export async function benchReconnect(): Promise<Row[]> {
  return [await firstByteRow(), await callsRow()]
}

async function firstByteRow(): Promise<Row> {
  const times = await Promise.all(AWAY_MS.map((awayMs) => behindProxy(firstBytesAfter(awayMs))))
  const medians = times.map((some, n) => `${median(some).toFixed(0)} ms after ${AWAY_MS[n]}`)
  return {
    name: `first byte after an outage, p50 / ${FIRST_BYTE_MS} ms`,
    ratio: median(times.flat()) / FIRST_BYTE_MS,
    goal: 1,
    note: `${median(times.flat()).toFixed(0)} ms of ${times.flat().length}; ${medians.join(', ')} ms away`,
  }
}

async function callsRow(): Promise<Row> {
  const [calm, cut] = await behindProxy(async (agent, proxy) => {
    const calls = { calm: 0, cut: 0 }
    await countCalls(agent)
    for (let turn = 0; turn < TURNS; turn++) {
      calls.calm += await countCalls(agent)
      const cutting = setInterval(() => proxy.cut(), CUT_EVERY_MS)
      calls.cut += await countCalls(agent)
      clearInterval(cutting)
    }
    return [calls.calm, calls.cut]
  })
  const perSecond = (calls = 0) => ((calls * 1000) / TURN_MS / TURNS).toFixed(0)
  return {
    name: 'calls a second, without cuts / with one a second',
    ratio: (calm ?? 0) / (cut ?? 0),
    goal: 1 / 0.9,
    note: `${perSecond(calm)} / ${perSecond(cut)}`,
  }
}

type Measure = (agent: ChildServer, proxy: FaultProxy) => Promise<number[]>

/** One machine, a network that can be cut, and the built program as its client. */
async function behindProxy(measure: Measure): Promise<number[]> {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  try {
    await using proxy = await startFaultProxy(server.url)
    const flags = ['dist/bin.js', 'serve', '--log-level', 'error', '--environment', `box=${proxy.url}`]
    await using agent = await startChildServer(process.execPath, flags)
    return await measure(agent, proxy)
  } finally {
    await server.close()
  }
}

/** In ms from the return of the network, for each of the outages. */
function firstBytesAfter(awayMs: number): Measure {
  return async (agent, proxy) => {
    const started = await agent.call('exec_command', { command: 'while :; do echo x; sleep 0.05; done' })
    const session_id = /session ID (\S+)/.exec(started)?.[1] ?? ''
    const times: number[] = []
    while (times.length < OUTAGES) {
      await pause(HEALTH_MS)
      proxy.isDown = true
      proxy.cut()
      await pause(awayMs)
      // What came before is no news.
      await agent.call('read_output', { session_id, yield_time_ms: 0 })
      proxy.isDown = false
      const backAt = performance.now()
      await agent.call('read_output', { session_id, wait_for: 'x', yield_time_ms: 20_000 })
      times.push(performance.now() - backAt)
    }
    await agent.call('terminate', { session_id })
    return times
  }
}

async function countCalls(agent: ChildServer): Promise<number> {
  const endMs = performance.now() + TURN_MS
  let calls = 0
  for (; performance.now() < endMs; calls++) await agent.call('shell', { command: ['true'] })
  return calls
}

function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs))
}
