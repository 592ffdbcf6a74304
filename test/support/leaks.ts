import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll } from 'vitest'

/** What keeps a program alive, or running elsewhere: each must be gone when a test file is over. Timers are watched apart. */
const KINDS = ['ProcessWrap', 'TCPSocketWrap', 'TCPServerWrap', 'FSEventWrap', 'StatWatcher']
const GRACE_MS = 2000
/** Remembered at a time, before those that have ended are forgotten. */
const MAX_TIMERS = 1000
const OURS = new RegExp(`${process.cwd()}/(src|test)/(?!support/leaks)`)

type SetTimer = typeof setTimeout | typeof setInterval
type Timer = NodeJS.Timeout & { _destroyed?: boolean }

let before: Map<string, number>
const timers = new Map<Timer, Error>()
const { setTimeout: plainTimeout, setInterval: plainInterval } = globalThis

beforeAll(() => {
  before = resources()
  globalThis.setTimeout = remembered(plainTimeout)
  globalThis.setInterval = remembered(plainInterval)
})

afterAll(async () => {
  globalThis.setTimeout = plainTimeout
  globalThis.setInterval = plainInterval
  const deadline = performance.now() + GRACE_MS
  let left = leaks()
  while (left.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    left = leaks()
  }
  if (left.length > 0) throw new Error(`Left behind by this file: ${left.join(', ')}`)
})

function leaks(): string[] {
  const now = resources()
  const grown = KINDS.filter((kind) => (now.get(kind) ?? 0) > (before.get(kind) ?? 0))
  return [...grown, ...heldTimers(), ...children()]
}

/** Resources that hold the event loop, by kind. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/**
 * The same function, whose timers are remembered with where they were made. Not a hook of async_hooks: one of those
 * runs for every promise too, which took a tenth of the whole run.
 */
function remembered<F extends SetTimer>(set: F): F {
  return new Proxy(set, {
    apply(target, self, args) {
      const timer: Timer = Reflect.apply(target, self, args)
      if (timers.size >= MAX_TIMERS) forgetEnded()
      timers.set(timer, new Error())
      return timer
    },
  })
}

function forgetEnded(): void {
  for (const timer of timers.keys()) if (timer._destroyed) timers.delete(timer)
}

/** Timers of our own code that still hold the event loop, with the line that made each; those of the test runner come and go. */
function heldTimers(): string[] {
  return [...timers]
    .filter(([timer]) => timer.hasRef() && !timer._destroyed)
    .map(([, { stack = '' }]) => stack.split('\n').find((line) => OURS.test(line)))
    .filter((line) => line !== undefined)
    .map((line) => `timer ${line.trim()}`)
}

/** Child processes of this one that still run (Linux). */
function children(): string[] {
  try {
    return readdirSync(`/proc/${process.pid}/task`)
      .flatMap((task) => readFileSync(`/proc/${process.pid}/task/${task}/children`, 'utf8').trim().split(' '))
      .filter((pid) => pid && stateOf(pid) !== 'Z')
      .map((pid) => `process ${pid} (${commandOf(pid)})`)
      .filter((text) => !text.includes('esbuild'))
  } catch {
    return []
  }
}

function stateOf(pid: string): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .slice(0, 1)
}

function commandOf(pid: string): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
}
