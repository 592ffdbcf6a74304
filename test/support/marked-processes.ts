import { readdirSync, readFileSync } from 'node:fs'

/** The variable that marks what a test has started: children inherit it, so that none of them can hide in a session of its own. */
export const MARK = 'ENV_MCP_TEST'

/** The running processes that carry this mark. Linux only; elsewhere none are found and tests end what they start. */
export function markedProcesses(mark: string): number[] {
  if (process.platform !== 'linux') return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  // Searched as it is: all processes of the machine are looked at after each test.
  return pids.filter((pid) => environmentOf(pid)?.includes(`${MARK}=${mark}\0`)).map(Number)
}

/** Kills them all, and what they start meanwhile. */
export function killMarked(mark: string): void {
  for (let pids = markedProcesses(mark); pids.length > 0; pids = markedProcesses(mark)) pids.forEach(kill)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}

function environmentOf(pid: string): Buffer | undefined {
  try {
    return readFileSync(`/proc/${pid}/environ`)
  } catch {
    return undefined // gone, or not ours to look at
  }
}
