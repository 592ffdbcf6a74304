import { setTimeout as sleep } from 'node:timers/promises'
import { EchoStream } from './echo-stream.ts'
import { Fleet } from './gateway-fleet.ts'
import { ms, percentile, type Row } from './measure.ts'

const QUIET = 50
/** How often each of them asks, on average, and for how long at a time. */
const QUIET_EVERY_MS = 100
const QUIET_WINDOW_MS = 2000
const FAIRNESS_ROUNDS = 4

/** Quiet bridges ask now and then, while another one takes all it can get, and while it does not. */
export async function benchFairness(): Promise<Row[]> {
  await using fleet = await Fleet.start()
  await fleet.join(fleet.greedy, 'relay', ['greedy'])
  await fleet.join(fleet.machines, 'relay', ['stock'])
  await fleet.join(fleet.machines, 'ours', ['ours'])
  return [
    await fairnessRow(fleet, 'beside the gateway, not through it', { quiet: 'stock', loud: undefined }),
    await fairnessRow(fleet, 'of another machine', { quiet: 'stock', loud: 'greedy' }),
    await fairnessRow(fleet, 'of the same env-mcp executor', { quiet: 'ours', loud: 'ours' }),
    await fairnessRow(fleet, 'of the same stock executor', { quiet: 'stock', loud: 'stock' }),
  ]
}

/** Without a `loud` machine the greedy one has a socket of its own: what it then costs the others is the processor's. */
async function fairnessRow(
  fleet: Fleet,
  where: string,
  { quiet, loud }: { quiet: string; loud: string | undefined },
): Promise<Row> {
  const { token, greedy } = fleet
  const url = loud === undefined ? String(await greedy.ask({ kind: 'listen' })) : fleet.url
  const exeId = fleet.exeId(loud ?? 'none')
  const address = `${fleet.url}/bridge/${fleet.exeId(quiet)}`
  const streams = await Promise.all(Array.from({ length: QUIET }, () => EchoStream.open(address, token)))
  const alone: number[] = []
  const beside: number[] = []
  let bytes = 0
  for (let round = 0; round < FAIRNESS_ROUNDS; round++) {
    alone.push(...(await quietTimes(streams)))
    await greedy.ask({ kind: 'flood', url, exeId, token })
    beside.push(...(await quietTimes(streams)))
    bytes += Number(await greedy.ask({ kind: 'end-flood' }))
  }
  for (const stream of streams) await stream[Symbol.asyncDispose]()
  const [before, after] = [percentile(alone, 99), percentile(beside, 99)]
  const megabytes = bytes / 1e6 / ((FAIRNESS_ROUNDS * QUIET_WINDOW_MS) / 1000)
  return {
    name: `p99 of ${QUIET} quiet streams, a greedy one ${where}`,
    ratio: after / before,
    goal: 2,
    note: `${ms(after)} / ${ms(before)} alone; p50 ${ms(percentile(beside, 50))} / ${ms(percentile(alone, 50))}; the greedy one gets ${megabytes.toFixed(0)} MB/s`,
  }
}

/** Each stream asks a few times a second. */
async function quietTimes(streams: readonly EchoStream[]): Promise<number[]> {
  const times: number[] = []
  const until = performance.now() + QUIET_WINDOW_MS
  await Promise.all(
    streams.map(async (stream) => {
      for (;;) {
        await sleep(QUIET_EVERY_MS * 2 * Math.random())
        if (performance.now() > until) return
        times.push(await stream.roundTrip())
      }
    }),
  )
  return times
}
