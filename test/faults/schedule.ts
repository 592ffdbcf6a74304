import { type Fault, isEntryFault } from '../support/fault.ts'
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
  /** Which environment is behind a gateway; undefined: both are reached directly. */
  readonly gateway: GatewayPlan | undefined
  /** By how much an answer may be late, in ms. */
  readonly patienceMs: number
}

export interface GatewayPlan {
  readonly environment: EnvironmentName
  /** What befalls the gateway itself; undefined: nothing. */
  readonly upset: Upset | undefined
}

/** With the fault `at` the gateway loses its executor, or dies and is started again after `downMs`. */
export interface Upset {
  readonly kind: 'cut' | 'killed'
  readonly at: Fault
  readonly downMs: number
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
  /** In so many of all schedules one of the environments is behind a gateway, 0 to 1. */
  readonly gatewayShare: number
}

/** An answer on a machine that does a dozen of other things, in ms. */
const BUSY_MS = 15_000

/** The schedule of a seed: the same for the same seed and options. */
export function drawSchedule(seed: number, options: ScheduleOptions): Schedule {
  const { fatalShare, retentionMs, gatewayShare } = options
  const random = new Random(seed)
  const tracks = Array.from({ length: random.integer(1, 3) }, (_, track) =>
    Array.from({ length: random.integer(1, 4) }, (_, story) =>
      drawStory(random, `s${track + 1}${story + 1}`),
    ),
  )
  const survivable = { a: drawSurvivable(random), b: drawSurvivable(random) }
  const fatal = random.chance(fatalShare) ? drawFatalOf(random, retentionMs) : undefined
  const faults = fatal ? { ...survivable, [fatal.environment]: fatal.faults } : survivable
  // Last, so that what is drawn before stays the same.
  const gateway = random.chance(gatewayShare) ? drawGateway(random, faults, fatal) : undefined
  const upsetMs = gateway?.upset ? UPSET_MS + gateway.upset.downMs : 0
  const patienceMs = BUSY_MS + delayOf(faults.a) + delayOf(faults.b) + upsetMs
  return { seed, tracks, faults, patienceMs, fatal, gateway }
}

/** An executor that has lost its gateway comes back within so long of its return, and then the bridge, in ms. */
const UPSET_MS = 12_000
/** With outages of more than this the session could be lost by an upset too, in ms. */
const CALM_MS = 10_000

function drawGateway(random: Random, faults: Schedule['faults'], fatal: Fatal | undefined): GatewayPlan {
  const environment = random.pick(ENVIRONMENTS)
  // A delay begins with the first message: a machine that cannot be reached at first is told as such.
  const met = faults[environment].flat().filter((fault) => !isEntryFault(fault) && fault.kind !== 'delay')
  const isCalm = fatal?.environment !== environment && delayOf(faults[environment]) <= CALM_MS
  if (!isCalm || met.length === 0) return { environment, upset: undefined }
  const kind = random.pick<Upset['kind']>(['cut', 'killed'])
  return { environment, upset: { kind, at: random.pick(met), downMs: random.scale(1, 2000) } }
}

function drawFatalOf(random: Random, retentionMs: number): Fatal & { faults: ConnectionFaults } {
  const kind = random.weighted<FatalKind>({ killed: 6, expired: 1, denied: 4, unreachable: 2 })
  const environment = random.pick(ENVIRONMENTS)
  const faults = drawFatal(random, kind, retentionMs)
  const at = kind === 'killed' ? faults[0]?.[0] : undefined
  return { kind, environment, faults, at, restartMs: random.scale(1, 3000) }
}
