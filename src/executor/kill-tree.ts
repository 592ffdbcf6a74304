import { execFile } from 'node:child_process'
import { systemCodeOf } from './refusal.ts'

/**
 * Kills a process and its whole group, at once: it was started as the leader of one, so that its children are in it. What
 * went to a group or session of its own lives on. Windows has no groups: there `taskkill` follows the tree.
 */
export function killTree(leader: Leader): void {
  if (process.platform !== 'win32') signalTree(leader, 'SIGKILL')
  else execFile('taskkill', ['/pid', String(leader.pid), '/t', '/f'], () => {})
}

/** A process that was started to lead a group. While it is not known to be over, the number is its own. */
export interface Leader {
  readonly pid: number
  readonly isRunning: boolean
}

/**
 * Sends a signal to a process and its group. A group that is gone is not an error. One that is not there yet is none either: a
 * program on a terminal makes its own a moment after its start, and takes the signal by itself until then.
 */
export function signalTree({ pid, isRunning }: Leader, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') send(pid, signal)
  else if (!send(-pid, signal) && isRunning) send(pid, signal)
}

/** Whether there was somebody to send it to. */
function send(target: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(target, signal)
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'ESRCH') return false
    // On macOS a group of which only the dead are left.
    if (code === 'EPERM') return true
    throw error
  }
}
