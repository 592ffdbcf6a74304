import type { WriteStream } from 'node:tty'
import type { ExecutorStatus } from '../gateway/status.ts'
import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { statusText } from './gateway-status.ts'

/** How often it looks, in ms: soon enough for a person who waits for a machine to appear. */
const LOOK_MS = 1000

export interface ShowOptions {
  readonly read: () => Promise<ExecutorStatus[]>
  readonly output: Pick<WriteStream, 'write' | 'columns'> & { readonly isTTY?: boolean }
  readonly clock: Clock
}

/**
 * Shows which executors there are, now and whenever that changes, until disposed: on a terminal as a table that is written anew in
 * its place, elsewhere as a line for each that comes or goes. A look that fails is left out.
 */
export function showExecutors({ read, output, clock }: ShowOptions): AsyncDisposable {
  const show = output.isTTY ? inPlace(output) : byLine(output)
  let isOver = false
  let next: Disposable | undefined
  let looking: Promise<void> | undefined
  const look = async () => {
    const executors = await read().catch(() => undefined)
    if (isOver) return
    if (executors) show(executors)
    next = clock.after(LOOK_MS, begin)
  }
  const begin = () => {
    looking = look()
  }
  begin()
  return {
    async [Symbol.asyncDispose]() {
      isOver = true
      next?.[Symbol.dispose]()
      await looking
    },
  }
}

function inPlace(output: ShowOptions['output']): (executors: readonly ExecutorStatus[]) => void {
  let shown = ''
  return (executors) => {
    const width = Math.max(20, output.columns ?? 80)
    // Cut to the width: a line that wraps could not be counted, and so not be overwritten.
    const text = statusText(executors).split('\n').map((line) => line.slice(0, width - 1)).join('\n')
    if (text === shown) return
    const up = shown === '' ? '' : `\x1b[${shown.split('\n').length}A\x1b[0J`
    shown = text
    output.write(`${up}${text}\n`)
  }
}

function byLine(output: ShowOptions['output']): (executors: readonly ExecutorStatus[]) => void {
  let before: readonly ExecutorStatus[] = []
  return (executors) => {
    for (const line of changesBetween(before, executors)) output.write(`${line}\n`)
    before = executors
  }
}

/** What a person wants to hear of two looks at the same gateway: who came, and who went. */
export function changesBetween(
  before: readonly ExecutorStatus[],
  after: readonly ExecutorStatus[],
): readonly string[] {
  const connected = (list: readonly ExecutorStatus[]) =>
    new Map(list.filter(({ isConnected }) => isConnected).map((executor) => [executor.exeId, executor]))
  const [were, are] = [connected(before), connected(after)]
  const came = [...are.values()].filter(({ exeId }) => !were.has(exeId))
  const went = [...were.values()].filter(({ exeId }) => !are.has(exeId))
  return [
    ...came.map(({ name, address, era }) => `"${name}" is connected, from ${address ?? 'here'} (${era})`),
    ...went.map(({ name }) => `"${name}" is gone`),
  ]
}
