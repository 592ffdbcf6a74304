import type { Fault } from '../support/fault.ts'
import { type ConnectionFaults, delayOf, drawFatal, drawSurvivable, type FatalKind } from './draw-faults.ts'
import { ENVIRONMENTS, type EnvironmentName } from './environments.ts'
import { Random } from './random.ts'
import { drawStory, type Story } from './stories/story.ts'

/** What is done and what goes wrong in one run of the program, all of it from the seed. */
export interface Schedule {
  readonly seed: number
  /** Played at the same time, the stories of each one after the other. */
  readonly tracks: readonly (readonly Story[])[]
  readonly faults: Readonly<Record<EnvironmentName, ConnectionFaults>>
  /** What ends the session on one environment; undefined: every fault can be survived. */
  readonly fatal: Fatal | undefined
  /** By how much an answer may be late, in ms. */
  readonly patienceMs: number
}

export interface Fatal {
  readonly kind: FatalKind
  readonly environment: EnvironmentName
  /** For `killed`: with this fault the executor dies, and is started again after `restartMs`. */
  readonly at: Fault | undefined
  readonly restartMs: number
}

export interface ScheduleOptions {
  /** In so many of all schedules one of the sessions is lost for good, 0 to 1. */
  readonly fatalShare: number
  /** How long the executors keep a session without its client. */
  readonly retentionMs: number
}

/** An answer on a machine that does a dozen of other things, in ms. */
const BUSY_MS = 15_000

/** The schedule of a seed: the same for the same seed and options. */
export function drawSchedule(seed: number, { fatalShare, retentionMs }: ScheduleOptions): Schedule {
  const random = new Random(seed)
  const tracks = Array.from({ length: random.integer(1, 3) }, (_, track) =>
    Array.from({ length: random.integer(1, 4) }, (_, story) =>
      drawStory(random, `s${track + 1}${story + 1}`),
    ),
  )
  const survivable = { a: drawSurvivable(random), b: drawSurvivable(random) }
  const fatal = random.chance(fatalShare) ? drawFatalOf(random, retentionMs) : undefined
  const faults = fatal ? { ...survivable, [fatal.environment]: fatal.faults } : survivable
  const patienceMs = BUSY_MS + delayOf(faults.a) + delayOf(faults.b)
  return { seed, tracks, faults, patienceMs, fatal }
}

function drawFatalOf(random: Random, retentionMs: number): Fatal & { faults: ConnectionFaults } {
  const kind = random.weighted<FatalKind>({ killed: 6, expired: 1, denied: 4, unreachable: 2 })
  const environment = random.pick(ENVIRONMENTS)
  const faults = drawFatal(random, kind, retentionMs)
  const at = kind === 'killed' ? faults[0]?.[0] : undefined
  return { kind, environment, faults, at, restartMs: random.scale(1, 3000) }
}
