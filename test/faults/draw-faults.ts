import type { Direction, Fault } from '../support/fault.ts'
import type { Random } from './random.ts'

/** The faults of each connection to one environment, from the first connection on. */
export type ConnectionFaults = readonly (readonly Fault[])[]

/** Frames and bytes of a first connection that are the greeting's: a machine that cannot be reached at first is told as such. */
const GREETING = { frames: 5, bytes: 2500 }
/** Where on a connection something happens: most of what is drawn should be reached in a schedule of some dozen calls. */
const MOST = { frames: { up: 40, down: 90 }, bytes: { up: 9000, down: 40_000 } } as const
const NOTHING = { frames: 0, bytes: 0 }
/** What all breaks and refusals of one environment may cost: as much as one silence that is found out, in ms. */
const OUTAGES_MS = 23_000
/** What servers and gateways close with. */
const CLOSE_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 4000]

/**
 * Draws faults that a session survives: all outages together are shorter than the 30 s and more for which executors keep
 * one, however unlucky the backoff.
 */
export function drawSurvivable(random: Random): ConnectionFaults {
  const connections: Fault[][] = [drawNuisances(random, GREETING)]
  let leftMs = OUTAGES_MS
  let breaks = Number(random.weighted({ 0: 2, 1: 6, 2: 4, 3: 2 }))
  for (; breaks > 0; breaks--) {
    const fault = drawBreak(random, connections.length === 1 ? GREETING : NOTHING)
    const refusals = drawRefusals(random)
    leftMs -= delayOf([[fault], ...refusals])
    if (leftMs < 0) break
    connections.at(-1)!.push(fault)
    connections.push(...refusals, drawNuisances(random, NOTHING))
  }
  return connections
}

/** The name of a way in which a session is lost for good. */
export type FatalKind = 'killed' | 'expired' | 'denied' | 'unreachable'

/** Draws faults of which one ends the session. With `killed`, the last break on the first connection is when it dies. */
export function drawFatal(random: Random, kind: FatalKind, retentionMs: number): ConnectionFaults {
  const cut = { kind: 'cut-after-frame', ...drawFrame(random, GREETING) } as const
  switch (kind) {
    case 'killed':
      return [[cut]]
    case 'expired':
      return [[{ ...cut, downMs: retentionMs + 3000 }]]
    case 'denied': {
      const refusal: Fault = { kind: 'status', status: random.pick([401, 403]) }
      return [[cut], ...Array.from({ length: random.integer(1, 4) }, () => [refusal])]
    }
    case 'unreachable': {
      const greeting: Fault = { kind: 'cut-after-frame', direction: drawDirection(random), frame: 1 }
      const first = random.pick<Fault>([{ kind: 'refuse' }, { kind: 'status', status: 503 }, greeting])
      return Array.from({ length: random.integer(1, 3) }, () => [first])
    }
  }
}

/** By how much all these faults together may delay one answer, in ms: what a good bridge needs to get over each. */
export function delayOf(connections: ConnectionFaults): number {
  return connections.flat().reduce((sum, fault) => sum + delayOfOne(fault), 0)
}

function delayOfOne(fault: Fault): number {
  switch (fault.kind) {
    case 'cut-at-byte':
    case 'cut-after-frame':
      // The next try after a long outage comes within 5 s.
      return REDIAL_MS + (fault.downMs ?? 0) + Math.min(fault.downMs ?? 0, 5000)
    case 'half-open':
      return REDIAL_MS + 2 * fault.ms
    case 'silence':
      return REDIAL_MS + 20_000
    case 'hang':
      return REDIAL_MS + 10_000
    case 'stall':
      return fault.ms
    case 'delay':
      return fault.ms * 200
    case 'duplicate':
      return 0
    case 'corrupt':
    case 'close':
    case 'refuse':
    case 'status':
      return REDIAL_MS
  }
}

/** A connection found lost, backoff, and the greeting of a new one on a busy machine. */
const REDIAL_MS = 3000

interface Position {
  readonly frames: number
  readonly bytes: number
}

function drawBreak(random: Random, after: Position): Fault {
  const kind = random.weighted({
    'cut-at-byte': 6,
    'cut-after-frame': 8,
    'half-open': 2,
    corrupt: 2,
    close: 3,
    silence: 0.5,
  })
  const at = drawFrame(random, after)
  switch (kind) {
    case 'cut-at-byte': {
      const { direction } = at
      const bytes = after.bytes + random.scale(1, MOST.bytes[direction])
      return { kind, direction, bytes, ...drawOutage(random) }
    }
    case 'cut-after-frame':
      return { kind, ...at, ...drawOutage(random) }
    case 'half-open':
      return { kind, ...at, ms: random.scale(20, 4000) }
    case 'close':
      return { kind, code: random.pick(CLOSE_CODES), frame: at.frame }
    case 'corrupt':
    case 'silence':
      return { kind, ...at }
  }
}

/** Instead of the connections that come after a break. One that hangs is found out after 10 s. */
function drawRefusals(random: Random): Fault[][] {
  if (random.chance(0.04)) return [[{ kind: 'hang' }]]
  const what = random.weighted({ refuse: 10, 503: 6, 502: 2, 401: 4 })
  const count = Number(random.weighted({ 0: 6, 1: 2, 2: 1, 3: 1 }))
  const refusal: Fault = what === 'refuse' ? { kind: what } : { kind: 'status', status: Number(what) }
  // With a new token one more try is made, and no other.
  return Array.from({ length: what === '401' ? Math.min(count, 1) : count }, () => [refusal])
}

function drawOutage(random: Random): { downMs?: number } {
  const outage = random.weighted({ none: 10, short: 5, long: 0.5 })
  if (outage === 'none') return {}
  return { downMs: outage === 'short' ? random.scale(20, 1500) : random.integer(5000, 8000) }
}

/** What a connection survives. */
function drawNuisances(random: Random, after: Position): Fault[] {
  const faults: Fault[] = []
  if (random.chance(0.2)) faults.push({ kind: 'duplicate', ...drawFrame(random, after) })
  if (random.chance(0.1))
    faults.push({ kind: 'stall', ...drawFrame(random, after), ms: random.scale(50, 3000) })
  if (random.chance(0.2))
    faults.push({ kind: 'delay', direction: drawDirection(random), ms: random.scale(1, 25) })
  return faults
}

function drawFrame(random: Random, after: Position): { direction: Direction; frame: number } {
  const direction = drawDirection(random)
  return { direction, frame: after.frames + random.scale(1, MOST.frames[direction]) }
}

function drawDirection(random: Random): Direction {
  return random.pick(['up', 'down'])
}
