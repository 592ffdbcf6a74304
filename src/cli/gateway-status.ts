import { askStatus } from '../gateway/ask-status.ts'
import { stateIn } from '../gateway/state.ts'
import type { ExecutorStatus } from '../gateway/status.ts'
import { parseBeside } from './gateway-options.ts'
import { print, refuse } from './terminal.ts'

/** `env-mcp gateway status`: what the running gateway has, as a table. */
export async function gatewayStatusCommand(args: readonly string[]): Promise<number> {
  const parsed = parseBeside(args, 'gateway status', [])
  if (!parsed.ok) return refuse(parsed.message)
  await print(statusText(await askStatus(stateIn(parsed.options.stateDirectory))))
  return 0
}

/** Executors by workspace and name, what goes through each, and the sums. */
export function statusText(executors: readonly ExecutorStatus[]): string {
  if (executors.length === 0) return 'No executor has joined yet: env-mcp gateway token join says how'
  const sorted = [...executors].sort((a, b) => keyOf(a).localeCompare(keyOf(b)))
  const rows = [
    ['WORKSPACE', 'EXECUTOR', 'STATE', 'FROM', 'BRIDGES', 'SESSIONS', 'IN', 'OUT', 'LAST SEEN', 'ID'],
    ...sorted.map(rowOf),
  ]
  const rivals = sorted.flatMap(({ name, rival }) =>
    rival === undefined ? [] : [`Another machine, at ${rival}, wants to be "${name}" and is refused`],
  )
  return [...aligned(rows), '', sums(executors), ...rivals].join('\n')
}

function rowOf(executor: ExecutorStatus): string[] {
  return [
    executor.workspace,
    executor.name,
    executor.isConnected ? `connected (${executor.era})` : 'not connected',
    executor.address ?? '-',
    String(executor.bridges),
    String(executor.sessions),
    bytesText(executor.bytesIn),
    bytesText(executor.bytesOut),
    executor.lastSeenAt?.replace(/\.\d+Z$/, 'Z') ?? 'never',
    executor.exeId,
  ]
}

function sums(executors: readonly ExecutorStatus[]): string {
  const workspaces = new Set(executors.map(({ workspace }) => workspace)).size
  const connected = executors.filter(({ isConnected }) => isConnected).length
  const sessions = executors.reduce((sum, executor) => sum + executor.sessions, 0)
  return `${connected} of ${executors.length} executors connected, in ${workspaces} workspaces, ${sessions} sessions`
}

function keyOf({ workspace, name }: ExecutorStatus): string {
  return `${workspace}\0${name}`
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

/** `1.4 MB`. */
function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`
}
