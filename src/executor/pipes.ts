import { execFile } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { EXECUTOR_LIMITS } from './limits.ts'
import { systemCodeOf } from './refusal.ts'

/** A pipe for the output of a child. */
export interface OutputPipe {
  readonly readable: Readable
  /** The end for the child. Ours to close as soon as the child has it. */
  readonly writeFd: number
}

interface Ends {
  readonly readFd: number
  readonly writeFd: number
}

/**
 * Real pipes, a few kept ready. Node itself gives children pairs of sockets, and those cannot be opened by name:
 * `echo oops >/dev/stderr`, `curl -o /dev/stdout` and the like would fail with ENXIO. Node has no pipe(2), but a FIFO that
 * is open at both ends and has lost its name is one. (Not for input: opening a FIFO to read waits for a writer, so that
 * `cat /dev/stdin` would hang when the input has ended before it.)
 */
export class Pipes {
  #ready: Ends[] = []
  #making: Promise<boolean> | undefined
  /** False where they can never be made: no `mkfifo`, no directory for it, Windows. */
  #isPossible = process.platform !== 'win32'

  /** So many pipes, or undefined when they cannot be made here, or not now: then sockets must do. */
  async take(count: number): Promise<OutputPipe[] | undefined> {
    while (this.#ready.length < count) if (!(await this.#refill())) return undefined
    const taken = this.#ready.splice(0, count)
    // Made while this one is used; never rejects.
    if (this.#ready.length < EXECUTOR_LIMITS.pipesLeft) void this.#refill()
    return taken.map(({ readFd, writeFd }) => ({
      readable: new Socket({ fd: readFd, readable: true, writable: false }),
      writeFd,
    }))
  }

  /** Whether there are more now. */
  #refill(): Promise<boolean> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  async #make(): Promise<boolean> {
    if (!this.#isPossible) return false
    try {
      this.#ready.push(...(await makePipes(EXECUTOR_LIMITS.pipeBatch)))
      return true
    } catch (error) {
      // A full disk or too many open files are not for ever.
      this.#isPossible = systemCodeOf(error) !== 'ENOENT'
      return false
    }
  }
}

/** Those of all executors of this process; its end closes what nobody took. */
export const pipes = new Pipes()

async function makePipes(count: number): Promise<Ends[]> {
  const directory = mkdtempSync(join(tmpdir(), 'env-mcp-pipes-'))
  try {
    const names = Array.from({ length: count }, (_, n) => join(directory, String(n)))
    await promisify(execFile)('mkfifo', ['-m', '600', ...names])
    return openAll(names)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function openAll(names: readonly string[]): Ends[] {
  const opened: Ends[] = []
  try {
    for (const name of names) opened.push(openBothEnds(name))
    return opened
  } catch (error) {
    for (const { readFd, writeFd } of opened) {
      closeSync(readFd)
      closeSync(writeFd)
    }
    throw error
  }
}

/** Opening one end waits for the other, so the first to be opened is a reader that does not wait. */
function openBothEnds(name: string): Ends {
  const first = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const writeFd = openSync(name, constants.O_WRONLY)
    return { readFd: openSync(name, constants.O_RDONLY), writeFd }
  } finally {
    closeSync(first)
  }
}
