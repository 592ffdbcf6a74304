import { randomUUID } from 'node:crypto'
import { BridgeError } from '../util/errors.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { Processes } from './processes.ts'

export interface RunRequest {
  readonly argv: readonly string[]
  /** More on stdout than this is an error. */
  readonly maxBytes: number
}

/** What came of a small program. */
export interface Finished {
  readonly exitCode: number
  readonly stdout: Buffer
  /** The beginning of what it said. */
  readonly stderr: string
}

/** Runs a small program of the machine to its end. One that is given up, or says too much, is terminated. */
export async function runToEnd(
  processes: Processes,
  request: RunRequest,
  options: CallOptions,
): Promise<Finished> {
  const { argv, maxBytes } = request
  const processId = randomUUID()
  using scope = callScope(options, JSON.stringify(argv[0]))
  const { signal } = scope
  await processes.start(
    // C: one language of messages everywhere.
    { processId, argv, cwd: '/', env: { LC_ALL: 'C' }, tty: false, pipeStdin: false },
    { signal },
  )
  try {
    return await collect(processes, processId, maxBytes, signal)
  } catch (error) {
    // The reason is known; whether this one succeeds changes nothing.
    void processes.terminate(processId).catch(() => {})
    throw error
  } finally {
    processes.forget(processId)
  }
}

async function collect(
  processes: Processes,
  processId: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Finished> {
  const stdout: Uint8Array[] = []
  const stderr: Uint8Array[] = []
  let room = maxBytes
  for (let afterSeq = 0; ; ) {
    const read = await processes.read(processId, { afterSeq, waitMs: 60_000 }, { signal })
    for (const { stream, bytes } of read.chunks) {
      if (stream === 'stdout') stdout.push(bytes)
      else if (stderr.length < BRIDGE_LIMITS.stderrChunks) stderr.push(bytes)
      room -= stream === 'stdout' ? bytes.byteLength : 0
    }
    if (room < 0 || read.droppedBytes > 0)
      throw new BridgeError(
        'unavailable',
        `A helper program wrote more than the ${maxBytes} bytes it was asked for`,
      )
    if (read.closed)
      return {
        exitCode: read.exitCode ?? -1,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8').trim(),
      }
    afterSeq = read.lastSeq
  }
}
