import type { Writable } from 'node:stream'
import { atMost } from './at-most.ts'
import { type Clock, systemClock } from './clock.ts'

/** What may wait for whoever reads the log, in bytes: some thousand lines. */
const MOST_WAITING_BYTES = 1024 * 1024
/** How long the end of the program waits for that. */
const FLUSH_MS = 200

/** Where lines of a log go that somebody else may read, or not. */
export interface LogStream {
  write(line: string): void
  /** Resolves when all lines are with the system, or it has taken too long. Never rejects. */
  flushed(): Promise<void>
}

/**
 * Writes lines to a stream without ever waiting for it: a client that does not read our standard error would hold every call up.
 * While too much waits, lines are dropped; the next one that is not says how many. What goes wrong with the stream is ignored.
 */
export function logStream(output: Writable, clock: Clock = systemClock): LogStream {
  let dropped = 0
  output.on('error', () => {})
  return {
    write(line) {
      if (output.writableLength + line.length > MOST_WAITING_BYTES) {
        dropped++
        return
      }
      if (dropped > 0)
        output.write(`${JSON.stringify({ level: 40, lines: dropped, msg: 'log lines dropped' })}\n`)
      dropped = 0
      output.write(line)
    },
    flushed: () => atMost(FLUSH_MS, new Promise((resolve) => void output.write('', () => resolve())), clock),
  }
}
