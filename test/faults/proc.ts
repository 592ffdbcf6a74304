import { readdirSync, readFileSync } from 'node:fs'

/** What a process holds, as Linux tells it. */
export interface Holdings {
  /** Open files, sockets and pipes. */
  readonly files: number
  readonly children: number
  /** Resident memory, in MB. */
  readonly memoryMb: number
}

/** What that process holds now; undefined on a system without /proc, or when it is gone. */
export function holdingsOf(pid: number): Holdings | undefined {
  try {
    const [, residentKb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    const tasks = readdirSync(`/proc/${pid}/task`)
    const children = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim())
    return {
      files: readdirSync(`/proc/${pid}/fd`).length,
      children: children.join(' ').split(' ').filter(Boolean).length,
      memoryMb: Math.round(Number(residentKb) / 1024),
    }
  } catch {
    return undefined
  }
}

/** The process group of that process; undefined as above. */
export function groupOf(pid: number): number | undefined {
  try {
    // After the name, which is in brackets and may hold anything: state, parent, group.
    const [, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return Number(group)
  } catch {
    return undefined
  }
}
