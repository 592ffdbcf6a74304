import { setTimeout as sleep } from 'node:timers/promises'
import { EchoStream } from './echo-stream.ts'
import { Fleet } from './gateway-fleet.ts'
import { ms, percentile, type Row } from './measure.ts'

const NOISE = 800
const RELAY = 200
const PRESENCE_MS = 30_000
const ROUND_TRIPS = 3000
const BUSY_MS = 4000
/** Requests that each of the bridges has under way. */
const WINDOW = 8

/** A gateway with 1,000 machines and 200 bridges: what the idle ones cost, and what it adds to the busy ones. */
export async function benchGateway(): Promise<Row[]> {
  await using fleet = await Fleet.start()
  return [...(await idleRows(fleet)), ...(await latencyRows(fleet)), await throughputRow(fleet)]
}

async function idleRows(fleet: Fleet): Promise<Row[]> {
  const { machines } = fleet
  // The first ones bring the code with them.
  await fleet.join(machines, 'noise', names('first', 50))
  await sleep(1000)
  const before = await fleet.memoryKb()
  await fleet.join(machines, 'noise', names('noise', NOISE))
  await fleet.join(machines, 'relay', names('relay', RELAY))
  await sleep(5000)
  const kb = ((await fleet.memoryKb()) - before) / (NOISE + RELAY)
  const bytesBefore = Number(await machines.ask({ kind: 'traffic' }))
  const processorBefore = await fleet.processorMs()
  await sleep(PRESENCE_MS)
  const bytes = Number(await machines.ask({ kind: 'traffic' })) - bytesBefore
  const share = ((await fleet.processorMs()) - processorBefore) / PRESENCE_MS
  const perExecutor = bytes / (NOISE + RELAY + 50) / (PRESENCE_MS / 1000)
  return [
    { name: 'memory of an idle executor, KB / 60', ratio: kb / 60, goal: 1, note: `${kb.toFixed(1)} KB` },
    {
      name: 'presence of an idle executor, bytes a second',
      ratio: perExecutor,
      goal: 2,
      note: `${NOISE + RELAY} executors take ${(share * 100).toFixed(1)} % of a processor`,
    },
  ]
}

/** Between the same two processes, with the gateway between them and without. */
async function latencyRows(fleet: Fleet): Promise<Row[]> {
  const address = String(await fleet.machines.ask({ kind: 'listen' }))
  await using direct = await EchoStream.open(address)
  await using through = await EchoStream.open(`${fleet.url}/bridge/${fleet.exeId('relay-0')}`, fleet.token)
  const times = { direct: [] as number[], through: [] as number[] }
  for (let round = -200; round < ROUND_TRIPS; round++)
    for (const [name, stream] of [
      ['direct', direct],
      ['through', through],
    ] as const) {
      const took = await stream.roundTrip()
      if (round >= 0) times[name].push(took)
    }
  const added = percentile(times.through, 50) - percentile(times.direct, 50)
  const [fast, slow] = [percentile(times.direct, 50), percentile(times.through, 50)]
  return [
    {
      name: 'added latency, p50, ms / 0.3',
      ratio: added / 0.3,
      goal: 1,
      note: `${ms(slow)} over a bare socket, ${ms(fast)}; p99 ${ms(percentile(times.through, 99))} / ${ms(percentile(times.direct, 99))}`,
    },
  ]
}

async function throughputRow(fleet: Fleet): Promise<Row> {
  const token = fleet.token
  const streams = await Promise.all(
    Array.from({ length: RELAY }, (_, n) =>
      EchoStream.open(`${fleet.url}/bridge/${fleet.exeId(`relay-${n}`)}`, token),
    ),
  )
  const processorBefore = await fleet.processorMs()
  const until = performance.now() + BUSY_MS
  let count = 0
  const busy = async (stream: EchoStream) => {
    for (; performance.now() < until; count++) await stream.roundTrip()
  }
  await Promise.all(streams.flatMap((stream) => Array.from({ length: WINDOW }, () => busy(stream))))
  const processorMs = (await fleet.processorMs()) - processorBefore
  for (const stream of streams) await stream[Symbol.asyncDispose]()
  const frames = count * 2
  return {
    name: 'processor time for a frame, µs / 50',
    ratio: (processorMs * 1000) / frames / 50,
    goal: 1,
    note: `${RELAY} bridges, ${Math.round(frames / (BUSY_MS / 1000))} frames a second, ${((processorMs * 1000) / frames).toFixed(0)} µs each`,
  }
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`)
}
