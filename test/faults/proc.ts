import { readdirSync, readFileSync } from 'node:fs'

/** What a process holds, as Linux tells it. */
export interface Holdings {
  /** Open files, sockets and pipes. */
  readonly files: number
  readonly children: number
  /** Resident memory now, and at most since it began, in MB. */
  readonly memoryMb: number
  readonly peakMb: number
}

/** What that process holds now; undefined on a system without /proc, or when it is gone. */
export function holdingsOf(pid: number): Holdings | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const megabytes = (field: string) =>
      Math.round(Number(status.match(`${field}:\\s+(\\d+) kB`)?.[1]) / 1024)
    const tasks = readdirSync(`/proc/${pid}/task`)
    const children = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim())
    return {
      files: readdirSync(`/proc/${pid}/fd`).length,
      children: children.join(' ').split(' ').filter(Boolean).length,
      memoryMb: megabytes('VmRSS'),
      peakMb: megabytes('VmHWM'),
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

/** The command line of that process, cut to one short line; undefined as above. */
export function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .replace(/[\0\s]+/g, ' ')
      .slice(0, 100)
  } catch {
    return undefined
  }
}
