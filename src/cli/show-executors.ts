import type { WriteStream } from 'node:tty'
import type { ExecutorStatus } from '../gateway/status.ts'
import type { Clock } from '../util/clock.ts'
import { changesBetween, executorLines } from './executor-lines.ts'
import { paintOn } from './paint.ts'

/** How often it looks, in ms: at once, for a person who waits for a machine to appear. */
const LOOK_MS = 250

export interface ShowOptions {
  readonly read: () => readonly ExecutorStatus[]
  readonly output: Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>
  readonly clock: Clock
  /** The time of day; the machine's own unless given. */
  readonly now?: () => Date
}

/**
 * Shows which executors there are, now and whenever that changes, until disposed: on a terminal as lines that are written anew in
 * their place, elsewhere as a line for each that comes or goes.
 */
export function showExecutors({ read, output, clock, now = () => new Date() }: ShowOptions): Disposable {
  const show = output.isTTY ? inPlace(output) : byLine(output, now)
  let next: Disposable
  const look = () => {
    show(read())
    next = clock.after(LOOK_MS, look)
  }
  look()
  return { [Symbol.dispose]: () => next[Symbol.dispose]() }
}

type Show = (executors: readonly ExecutorStatus[]) => void

function inPlace(output: ShowOptions['output']): Show {
  const paint = paintOn(output)
  let shown: string | undefined
  let height = 0
  return (executors) => {
    // A line that wraps, or is above the screen, could not be written over.
    const size = { columns: (output.columns || 80) - 1, rows: Math.max(3, (output.rows || 24) - 2) }
    const lines = executorLines(executors, paint, size)
    const text = lines.join('\n')
    if (text === shown) return
    const back = height === 0 ? '' : `\x1b[${height}A\x1b[0J`
    output.write(`${back}${text}\n`)
    shown = text
    height = lines.length
  }
}

function byLine(output: ShowOptions['output'], now: () => Date): Show {
  let before: readonly ExecutorStatus[] = []
  return (executors) => {
    for (const change of changesBetween(before, executors)) output.write(`${timeText(now())}  ${change}\n`)
    before = executors
  }
}

/** As clocks on the wall here have it. */
function timeText(date: Date): string {
  return date.toTimeString().slice(0, 8)
}
