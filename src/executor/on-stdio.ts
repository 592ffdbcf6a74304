import type { Readable, Writable } from 'node:stream'
import { stdioTransport } from '../rpc/stdio.ts'
import { BridgeError } from '../util/errors.ts'
import { serveExecutor } from './serve.ts'
import { Sessions, type SessionsOptions } from './sessions.ts'

/** One client on a pair of byte streams. */
export interface StdioExecutor {
  /** Resolves when the client is gone. */
  readonly closed: Promise<void>
  /** Ends the connection, and kills what runs. Resolves when nothing is left. */
  close(): Promise<void>
}

/** This machine as an exec-server for whoever holds the other ends, one JSON message a line. */
export function serveOnStdio(input: Readable, output: Writable, executor?: SessionsOptions): StdioExecutor {
  const sessions = new Sessions(executor)
  const connection = serveExecutor(stdioTransport(input, output), sessions)
  return {
    closed: connection.closed,
    async close() {
      await connection.close(new BridgeError('unavailable', 'The executor is closing'))
      await sessions[Symbol.asyncDispose]()
    },
  }
}
