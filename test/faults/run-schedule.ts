import type { FaultKind } from '../support/fault.ts'
import { checkProcesses } from './check-processes.ts'
import { checkServer, endServer } from './check-server.ts'
import type { EnvironmentName } from './environments.ts'
import { startGatewayMachine } from './gateway-machine.ts'
import { type ExecutorKind, startMachine, TRAITS } from './machines.ts'
import { type Hit, Place } from './place.ts'
import type { Schedule } from './schedule.ts'
import { type ServerHoldings, ServerProcess } from './server-process.ts'
import { type CallRecord, Stage, untilOver, type Violation } from './stage.ts'
import { playStory, type Story } from './stories/story.ts'

export interface RunOptions {
  /** The built program. */
  readonly program: string
  readonly executor: ExecutorKind
}

/** A fault that was met, in ms since the beginning. */
export interface TimedHit extends Hit {
  readonly atMs: number
}

/** What came of one schedule. */
export interface Outcome {
  readonly schedule: Schedule
  readonly violations: readonly Violation[]
  readonly calls: readonly CallRecord[]
  readonly hits: readonly TimedHit[]
  /** What the server held before its first call and after the last one. */
  readonly held: { readonly before: ServerHoldings | undefined; readonly after: ServerHoldings | undefined }
  /** The last lines of the server's log. */
  readonly log: readonly string[]
  readonly elapsedMs: number
}

/** The kinds of faults that were met, each once. */
export function kindsMet({ hits }: Outcome): FaultKind[] {
  return [...new Set(hits.map(({ fault }) => fault.kind))]
}

/** Runs one schedule: the built program, two executors, one of them behind a gateway where that was drawn, a fault proxy in front of each. All of them are gone in the end. */
export async function runSchedule(schedule: Schedule, { program, executor }: RunOptions): Promise<Outcome> {
  const beganMs = performance.now()
  const elapsedMs = () => Math.round(performance.now() - beganMs)
  const hits: TimedHit[] = []
  const open = async (name: EnvironmentName) => {
    const onHit = (hit: Hit) => void hits.push({ ...hit, atMs: elapsedMs() })
    const isBehindGateway = schedule.gateway?.environment === name
    const machine = await (isBehindGateway
      ? startGatewayMachine(program, name)
      : startMachine(executor, program))
    return Place.open({ name, schedule, machine, onHit })
  }
  await using a = await open('a')
  await using b = await open('b')
  const flags = [a, b].flatMap((place) => place.flags)
  await using server = await ServerProcess.start(program, ['--log-level=info', ...flags])
  const before = await server.holdings()
  const directories = { a: a.machine.directory, b: b.machine.directory }
  const stage = new Stage({ schedule, server, directories, traits: TRAITS[executor] })
  await play(schedule, stage)
  await Promise.all([a.heal(), b.heal()])
  await untilOver(checkServer(stage, server, before))
  const held = { before, after: await server.holdings() }
  await endServer(stage, server)
  await checkProcesses(stage, { machines: { a: a.machine, b: b.machine }, executor })
  const { violations, calls } = stage
  return { schedule, violations, calls, hits, held, log: server.log, elapsedMs: elapsedMs() }
}

async function play({ tracks }: Schedule, stage: Stage): Promise<void> {
  const playTrack = async (stories: readonly Story[]) => {
    for (const story of stories) await untilOver(playStory(story, stage))
  }
  await Promise.all(tracks.map(playTrack))
}
