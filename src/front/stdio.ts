import type { Readable, Writable } from 'node:stream'
import type { ToolHost } from '../host/tool-host.ts'
import { systemClock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { ServerInfo } from './eras.ts'
import { FRONT_LIMITS, type FrontLimits } from './limits.ts'
import { LineReader } from './lines.ts'
import { McpConnection } from './mcp.ts'
import { failure, RPC_ERRORS } from './message.ts'
import { Outbox } from './outbox.ts'

export interface StdioOptions {
  readonly host: ToolHost
  readonly server: ServerInfo
  readonly input: Readable
  readonly output: Writable
  readonly logger: Logger
  /** Ends the serving, as the end of the input does: for SIGTERM, SIGINT and SIGHUP. */
  readonly signal?: AbortSignal | undefined
  readonly limits?: FrontLimits
}

/** Why the serving ended: each of them is an exit code of 0. */
export type StdioEnd = 'input ended' | 'output gone' | 'stopped'

/**
 * Serves a tool host to the client at the other end of two streams, until one of them ends or `signal` aborts.
 * Then it aborts the calls that run and resolves once they are answered, after `endMs` at the latest: work that
 * takes longer to end goes on without it. Never rejects.
 */
export async function serveStdio(options: StdioOptions): Promise<StdioEnd> {
  const { host, server, input, output, logger, limits = FRONT_LIMITS } = options
  const ended = deferred<StdioEnd>()
  const outbox = new Outbox(output, limits, () => ended.resolve('output gone'))
  const connection = new McpConnection({ host, server, sink: outbox, logger, limits, clock: systemClock })
  const lines = new LineReader(limits.lineBytes, {
    line: (text) => connection.receive(text),
    tooLong: () => outbox.send({ id: null, ...tooLong(limits.lineBytes) }),
  })
  const stop = () => ended.resolve('stopped')
  options.signal?.addEventListener('abort', stop, { once: true })
  if (options.signal?.aborted) stop()
  const pump = pumpLines(input, lines, outbox, () => ended.resolve('input ended'))
  const end = await ended.promise
  pump.stop()
  options.signal?.removeEventListener('abort', stop)
  logger.debug({ end }, 'client gone')
  connection.abort(new BridgeError('canceled', 'The client has gone'))
  await atMost(
    limits.endMs,
    connection.idle().then(() => outbox.flushed()),
  )
  return end
}

/** Reads lines until told to stop; while the outbox is full it does not read. */
function pumpLines(input: Readable, lines: LineReader, outbox: Outbox, onEnd: () => void): { stop(): void } {
  let isStopped = false
  const onData = (chunk: Buffer) => {
    lines.push(chunk)
    if (!outbox.isFull) return
    input.pause()
    void outbox.flushed().then(() => isStopped || input.resume())
  }
  input.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd)
  return {
    // The listener for errors stays: one that comes late must not end the process with a stack trace.
    stop() {
      isStopped = true
      input.off('data', onData).off('end', onEnd).off('close', onEnd).pause()
    },
  }
}

/** Waits for `work`, but not longer. The timer is not unref'd: it may be all that keeps the process alive until then. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const late = deferred<void>()
  const timer = setTimeout(() => late.resolve(), ms)
  await Promise.race([work, late.promise])
  clearTimeout(timer)
}

function tooLong(limitBytes: number) {
  return failure(RPC_ERRORS.invalidRequest, `Cannot take the line: it is longer than ${limitBytes} bytes`)
}
