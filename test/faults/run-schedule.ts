import type { FaultKind } from '../support/fault.ts'
import { checkProcesses } from './check-processes.ts'
import { checkServer, endServer } from './check-server.ts'
import { type ExecutorKind, startMachine, TRAITS } from './machines.ts'
import { type Hit, Place } from './place.ts'
import { holdingsOf } from './proc.ts'
import type { Schedule } from './schedule.ts'
import { ServerProcess } from './server-process.ts'
import { type CallRecord, type EnvironmentName, Stage, type Violation } from './stage.ts'
import { playStory } from './stories/story.ts'

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
  /** The last lines of the server's log. */
  readonly log: readonly string[]
  readonly elapsedMs: number
}

/** The kinds of faults that were met, each once. */
export function kindsHit({ hits }: Outcome): FaultKind[] {
  return [...new Set(hits.map(({ fault }) => fault.kind))]
}

/** Runs one schedule: the built program, two executors, a fault proxy in front of each. All of them are gone in the end. */
export async function runSchedule(schedule: Schedule, { program, executor }: RunOptions): Promise<Outcome> {
  const beganMs = performance.now()
  const hits: TimedHit[] = []
  const onHit = (hit: Hit) => void hits.push({ ...hit, atMs: Math.round(performance.now() - beganMs) })
  const open = async (name: EnvironmentName) =>
    Place.open({ name, schedule, machine: await startMachine(executor, program), onHit })
  await using a = await open('a')
  await using b = await open('b')
  const flags = [a, b].map(({ name, url }) => `--environment=${name}=${url}`)
  await using server = await ServerProcess.start(program, ['--log-level=info', ...flags])
  const before = holdingsOf(server.pid)
  const stage = new Stage({
    server,
    directories: { a: a.machine.directory, b: b.machine.directory },
    mayFail: schedule.fatal !== undefined,
    closesStdin: TRAITS[executor].closesStdin,
    patienceMs: schedule.patienceMs,
  })
  const tracks = schedule.tracks.map(async (stories) => {
    for (const story of stories) await playStory(story, stage)
  })
  await Promise.all(tracks)
  await Promise.all([a.heal(), b.heal()])
  await checkServer(stage, server, before)
  await endServer(stage, server)
  await checkProcesses(stage, { machines: { a: a.machine, b: b.machine }, executor })
  const { violations, calls } = stage
  return { schedule, violations, calls, hits, log: server.log, elapsedMs: performance.now() - beganMs }
}
