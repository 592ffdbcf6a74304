import type { DestinationStream, Level, Logger as Pino } from 'pino'
import { BridgeError } from './errors.ts'
import { type LogStream, logStream } from './log-stream.ts'

type Write = (fields: Record<string, unknown>, message: string) => void

/**
 * Where events go, one line each: facts as fields, a constant message (pino's order). Never payloads, output,
 * tokens or environment variables.
 */
export interface Logger {
  debug: Write
  info: Write
  warn: Write
  error: Write
}

/** A logger that must be flushed before the process ends. */
export interface ClosableLogger extends Logger {
  close(): Promise<void>
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Says nothing: for libraries and tests. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

export interface LogOptions {
  readonly level: LogLevel
  /** Also written here; made 0600. */
  readonly file?: string | undefined
  /** Lines on stderr: true unless said. */
  readonly stderr?: boolean | undefined
  /** Told, once, that the file cannot be written; on stderr unless said. */
  readonly complain?: ((line: string) => void) | undefined
}

/**
 * Lines of JSON on stderr, and in a file when one is given. pino is loaded at the first line,
 * so that a server which has nothing to say starts without it; a file that cannot be made is complained of, and no error.
 */
export function createLogger(options: LogOptions): ClosableLogger {
  const threshold = LOG_LEVELS.indexOf(options.level)
  let pino: Promise<Pino | undefined> | undefined
  let order: Promise<void> = Promise.resolve()
  let stderr: LogStream | undefined
  const openStderr = () => {
    stderr ??= logStream(process.stderr)
    return stderr
  }
  const write =
    (level: Exclude<LogLevel, 'silent'>): Write =>
    (fields, message) => {
      if (LOG_LEVELS.indexOf(level) < threshold) return
      pino ??= loadPino(options, openStderr).catch(() => undefined)
      const time = Date.now()
      order = order.then(async () => void (await pino)?.[level]({ ...fields, time }, message)).catch(() => {})
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    async close() {
      await order
      await stderr?.flushed()
    },
  }
}

async function loadPino(options: LogOptions, openStderr: () => LogStream): Promise<Pino> {
  // Its default export: that of a CommonJS package is the same in Node and in the bundle.
  const { default: pino } = await import('pino')
  const level = options.level as Level
  const { file, complain = (line) => process.stderr.write(line) } = options
  const outputs: DestinationStream[] = []
  if (options.stderr !== false) outputs.push(openStderr())
  try {
    if (file) outputs.push(pino.destination({ dest: file, mode: 0o600, sync: true }).on('error', () => {}))
  } catch (error) {
    complain(`env-mcp: Cannot log to ${JSON.stringify(file)}: ${BridgeError.from(error).message}\n`)
  }
  const streams = outputs.map((stream) => ({ level, stream }))
  return pino({ level, base: { pid: process.pid }, timestamp: false }, pino.multistream(streams))
}
