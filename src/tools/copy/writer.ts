import { createHash, randomBytes } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** This server, in the names of the partial copies it writes to: `MACHINE-PID-RANDOM`. No two servers write to the same one. */
export const WRITER = `${machineId()}-${process.pid}-${randomBytes(2).toString('hex')}`

/** True for a server of this machine that runs no more: what it has left may be gone on with. Of those of other machines nothing is known. */
export function isGone(writer: string): boolean {
  const [machine, pid] = writer.split('-')
  return machine === machineId() && !isRunning(Number(pid))
}

/** Containers may share a name, and then not their process ids. */
function machineId(): string {
  return createHash('sha256').update(`${hostname()} ${processNamespace()}`).digest('hex').slice(0, 6)
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
