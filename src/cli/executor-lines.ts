import type { ExecutorStatus } from '../gateway/status.ts'
import type { Paint } from './paint.ts'

export interface LineSize {
  readonly columns: number
  readonly rows: number
}

/** A line for each executor, those that are connected first; what is more than `rows` is a number in the last one. */
export function executorLines(
  executors: readonly ExecutorStatus[],
  paint: Paint,
  { columns, rows }: LineSize,
): readonly string[] {
  if (executors.length === 0) return [paint('dim', '  none yet')]
  const sorted = [...executors].sort(byState)
  const name = namesOf(executors)
  const width = Math.max(...sorted.map((executor) => name(executor).length))
  const lines = sorted.map((executor) => {
    const text = `${name(executor).padEnd(width)}  ${stateText(executor)}`
    const mark = executor.isConnected ? paint('green', '●') : paint('dim', '○')
    const cut = text.slice(0, columns - 4)
    return `  ${mark} ${executor.isConnected ? cut : paint('dim', cut)}`
  })
  if (lines.length <= rows) return lines
  return [...lines.slice(0, rows - 1), paint('dim', `    … and ${lines.length - rows + 1} more`)]
}

/** What a person wants to hear of two looks at the same gateway: who came, who went, and who was refused. */
export function changesBetween(
  before: readonly ExecutorStatus[],
  after: readonly ExecutorStatus[],
): readonly string[] {
  const connected = (list: readonly ExecutorStatus[]) =>
    new Set(list.filter(({ isConnected }) => isConnected).map(({ exeId }) => exeId))
  const [were, are] = [connected(before), connected(after)]
  const rivals = new Set(before.filter(({ rival }) => rival !== undefined).map(({ exeId }) => exeId))
  const name = namesOf(after)
  return after.flatMap((executor) => {
    const { exeId, address, rival } = executor
    if (are.has(exeId) && !were.has(exeId))
      return [`"${name(executor)}" is connected, from ${address ?? 'here'}`]
    if (were.has(exeId) && !are.has(exeId)) return [`"${name(executor)}" is gone`]
    if (rival !== undefined && !rivals.has(exeId))
      return [`"${name(executor)}" is wanted by another machine too, at ${rival}, which is refused`]
    return []
  })
}

function stateText({ isConnected, address, bridges, sessions, lastSeenAt, rival }: ExecutorStatus): string {
  const refused = rival === undefined ? '' : `; ${rival} wants the name too, and is refused`
  if (!isConnected)
    return `not connected, ${lastSeenAt ? `last seen ${dateText(lastSeenAt)}` : 'never seen'}${refused}`
  const use = bridges === 0 ? 'no agent' : `${counted(bridges, 'agent')}, ${counted(sessions, 'session')}`
  return `connected from ${address ?? 'here'}, ${use}${refused}`
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

/** `2026-11-21 15:04:12`, on the clocks of this place. */
function dateText(iso: string): string {
  return new Date(iso).toLocaleString('sv-SE')
}

function byState(a: ExecutorStatus, b: ExecutorStatus): number {
  return Number(b.isConnected) - Number(a.isConnected) || keyOf(a).localeCompare(keyOf(b))
}

/** How each is called: by its name, with its workspace where there are several. */
function namesOf(executors: readonly ExecutorStatus[]): (executor: ExecutorStatus) => string {
  const isOne = new Set(executors.map(({ workspace }) => workspace)).size <= 1
  return (executor) => (isOne ? executor.name : keyOf(executor))
}

function keyOf({ workspace, name }: ExecutorStatus): string {
  return `${workspace}/${name}`
}
