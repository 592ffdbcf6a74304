import { createHook } from 'node:async_hooks'
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll } from 'vitest'

/** What keeps a program alive, or running elsewhere: each must be gone when a test file is over. Timers are watched apart. */
const KINDS = ['ProcessWrap', 'TCPSocketWrap', 'TCPServerWrap', 'FSEventWrap', 'StatWatcher']
const GRACE_MS = 2000
const OURS = new RegExp(`${process.cwd()}/(src|test)/(?!support/leaks)`)

let before: Map<string, number>
const timers = new Map<number, { resource: NodeJS.Timeout; stack: string }>()

// Timers made by our own code; those of the test runner come and go as they like.
const watch = createHook({
  init(id, type, _trigger, resource) {
    if (type !== 'Timeout') return
    const stack = new Error().stack ?? ''
    if (OURS.test(stack)) timers.set(id, { resource: resource as NodeJS.Timeout, stack })
  },
  destroy: (id) => void timers.delete(id),
})

beforeAll(() => {
  before = resources()
  watch.enable()
})

afterAll(async () => {
  watch.disable()
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

/** Timers that still hold the event loop, with the line of ours that made each. */
function heldTimers(): string[] {
  const isHeld = (timer: NodeJS.Timeout & { _destroyed?: boolean }) => timer.hasRef() && !timer._destroyed
  return [...timers.values()]
    .filter(({ resource }) => isHeld(resource))
    .map(
      ({ stack }) =>
        `timer ${stack
          .split('\n')
          .find((line) => OURS.test(line))
          ?.trim()}`,
    )
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
