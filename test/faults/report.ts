import type { Fault } from '../support/fault.ts'
import { ENVIRONMENTS } from './environments.ts'
import { kindsMet, type Outcome } from './run-schedule.ts'
import type { Schedule } from './schedule.ts'
import type { CallRecord } from './stage.ts'

const MOST_TEXT = 400

/** One line: what was met, and whether all was as it must be. */
export function describeOutcome({ schedule, violations, calls, hits, elapsedMs }: Outcome): string {
  const via = schedule.gateway && `gateway:${schedule.gateway.environment} `
  const met = hits.map(({ environment, fault }) => `${environment}:${fault.kind}`).join(' ') || 'no fault met'
  const verdict =
    violations.length === 0 ? 'passed' : `FAILED (${violations.map(({ kind }) => kind).join(', ')})`
  const seconds = (elapsedMs / 1000).toFixed(1).padStart(5)
  return `seed ${schedule.seed}  ${seconds} s  ${String(calls.length).padStart(3)} calls  ${verdict}  ${via ?? ''}${met}`
}

/** All there is to know of a schedule that failed, and how to run it again. */
export function describeFailure(outcome: Outcome, command: string): string {
  const { schedule, violations, calls, hits, log } = outcome
  const faults = ENVIRONMENTS.flatMap((environment) =>
    schedule.faults[environment].map(
      (list, n) => `  ${environment} connection ${n}: ${list.map(describeFault).join(', ') || 'none'}`,
    ),
  )
  const met = hits.map(
    ({ environment, connection, fault, atMs }) =>
      `  ${time(atMs)} ${environment} connection ${connection}: ${describeFault(fault)}`,
  )
  return [
    `Seed ${schedule.seed} failed. To run it again: ${command}`,
    ...violations.map(({ kind, text }) => `  ${kind}: ${text}`),
    `Stories, one line a track:`,
    ...schedule.tracks.map((stories) => `  ${JSON.stringify(stories)}`),
    `Faults${schedule.fatal ? `, the session on "${schedule.fatal.environment}" is lost (${schedule.fatal.kind})` : ''}:`,
    ...faults,
    ...describeGateway(schedule.gateway),
    'Met:',
    ...met,
    'Transcript:',
    ...calls.map(describeCall),
    'Log:',
    ...log.slice(-40).map((line) => `  ${line}`),
    '',
  ].join('\n')
}

/** Counts: by kind of fault the schedules that met it, and of these how many failed; by kind of violation how many. */
export function summarise(outcomes: readonly Outcome[], seconds: number): string {
  const isFailed = ({ violations }: Outcome) => violations.length > 0
  const failed = outcomes.filter(isFailed)
  const met = countBy(outcomes.flatMap((outcome) => kindsMet(outcome)))
  const failedBy = countBy(failed.flatMap((outcome) => kindsMet(outcome)))
  const violations = countBy(
    failed.flatMap((outcome) => [...new Set(outcome.violations.map(({ kind }) => kind))]),
  )
  const calls = outcomes.reduce((sum, outcome) => sum + outcome.calls.length, 0)
  const first = outcomes[0]?.schedule.seed
  const peakMb = Math.max(...outcomes.map(({ held }) => held.after?.peakMb ?? 0))
  const grownMb = Math.max(
    ...outcomes.map(({ held }) => (held.after?.memoryMb ?? 0) - (held.before?.memoryMb ?? 0)),
  )
  const behind = outcomes.filter(({ schedule }) => schedule.gateway)
  const upset = behind.filter(({ schedule, hits }) => {
    const at = schedule.gateway?.upset?.at
    return at !== undefined && hits.some(({ fault }) => fault === at)
  })
  return [
    `${outcomes.length} schedules from seed ${first} (${calls} calls) in ${seconds.toFixed(0)} s: ${outcomes.length - failed.length} passed, ${failed.length} failed`,
    `  memory of the server: at most ${peakMb} MB, in the end at most ${grownMb} MB more than before its first call`,
    `  through a gateway: ${behind.length} schedules, ${behind.filter(isFailed).length} of them failed; it was upset in ${upset.length}`,
    ...[...met].map(
      ([kind, count]) =>
        `  ${kind.padEnd(16)} in ${count} schedules, ${failedBy.get(kind) ?? 0} of them failed`,
    ),
    ...[...violations].map(([kind, count]) => `  ${kind}: ${count} schedules`),
    ...(failed.length > 0 ? [`  failed: ${failed.map(({ schedule }) => schedule.seed).join(' ')}`] : []),
  ].join('\n')
}

function describeGateway(gateway: Schedule['gateway']): string[] {
  if (!gateway) return []
  const { environment, upset } = gateway
  const what = upset && `; ${upset.kind} (down ${upset.downMs} ms) with ${describeFault(upset.at)}`
  return [`  ${environment} is behind a gateway${what ?? ''}`]
}

function describeFault({ kind, ...rest }: Fault): string {
  const details = Object.entries(rest).map(([name, value]) => `${name} ${value}`)
  return details.length === 0 ? kind : `${kind} (${details.join(', ')})`
}

function describeCall({ tool, args, beganMs, endedMs, answer }: CallRecord): string {
  const end = endedMs === undefined ? 'no end' : `${endedMs - beganMs} ms`
  return `  ${time(beganMs)} ${tool} ${shorten(JSON.stringify(args))}\n    ${end}: ${shorten(JSON.stringify(answer ?? null))}`
}

function shorten(text: string): string {
  const half = MOST_TEXT / 2
  return text.length <= MOST_TEXT ? text : `${text.slice(0, half)} … ${text.slice(-half)}`
}

function time(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(7)} s`
}

function countBy<K>(items: readonly K[]): Map<K, number> {
  const counts = new Map<K, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return new Map([...counts].sort(([, a], [, b]) => b - a))
}
