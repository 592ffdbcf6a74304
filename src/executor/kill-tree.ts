import { execFile } from 'node:child_process'
import { systemCodeOf } from './refusal.ts'

/**
 * Kills a process and its whole group, at once: it was started as the leader of one, so that its children are in it. What
 * went to a group or session of its own lives on. Windows has no groups: there `taskkill` follows the tree.
 */
export function killTree(pid: number): void {
  if (process.platform === 'win32') execFile('taskkill', ['/pid', String(pid), '/t', '/f'], () => {})
  else signalTree(pid, 'SIGKILL')
}

/** Sends a signal to a process and its group. A group that is gone is not an error. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch (error) {
    // EPERM: on macOS a group of which only the dead are left.
    if (!['ESRCH', 'EPERM'].includes(systemCodeOf(error) ?? '')) throw error
  }
}
