import { BridgeError, type Code } from '../util/errors.ts'
import {
  parseBoolean,
  parseMaxOutputBytes,
  parseOptionalText,
  parseText,
  parseYieldMs,
  type RawArguments,
} from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { writeAll } from './feed.ts'
import { findSession } from './find-session.ts'
import { WRITE_STDIN, YIELD_MS } from './info/write-stdin.ts'
import { processResult } from './process-result.ts'
import { readSession } from './read-session.ts'
import type { Session } from './session.ts'
import type { Tool, ToolContext } from './tool.ts'
import { waitUntil } from './wait-until.ts'

/** Patience with a process that takes no more input. */
const WRITE_MS = 30_000
const END_OF_TRANSMISSION = '\x04'

interface WriteStdinInput {
  readonly sessionId: string
  readonly environment: string | undefined
  readonly chars: string
  readonly close: boolean
  readonly yieldMs: number
  readonly raw: boolean
  readonly maxOutputBytes: number
}

/** Writes to the input of a running process, exactly once, then reads what came. */
export const writeStdinTool: Tool<WriteStdinInput> = {
  info: WRITE_STDIN,

  parse(raw: RawArguments): WriteStdinInput {
    return {
      sessionId: parseText(raw, 'session_id', 'box/k7f3q2'),
      environment: parseEnvironment(raw),
      chars: parseOptionalText(raw, 'chars') ?? '',
      close: parseBoolean(raw, 'close', false),
      yieldMs: parseYieldMs(raw, YIELD_MS),
      raw: parseBoolean(raw, 'raw', false),
      maxOutputBytes: parseMaxOutputBytes(raw),
    }
  },

  async run(context, input) {
    const session = await findSession(context, input.sessionId, input.environment)
    const { clock } = context.sessions
    const startedAt = clock.now()
    if (input.chars !== '' || input.close) await write(context, session, input)
    await waitUntil({
      sessions: [session],
      condition: () => session.isOver,
      clock,
      timeoutMs: input.yieldMs,
      signal: context.signal,
      progress: context.progress,
    }).catch((error: unknown) => {
      const { code, message } = BridgeError.from(error)
      throw new BridgeError(code, `${message}: the input was written, read_output reads on`, { cause: error })
    })
    const reading = readSession(session, { maxBytes: input.maxOutputBytes, raw: input.raw })
    return processResult({
      session,
      reading,
      wallMs: clock.now() - startedAt,
      notes: notesOn(session, input),
    })
  },
}

async function write(context: ToolContext, session: Session, input: WriteStdinInput): Promise<void> {
  checkWritable(session, input.close)
  const { executor, request, id } = session
  const options = { signal: context.signal, timeoutMs: WRITE_MS }
  try {
    await writeAll(executor, request.processId, charactersOf(session, input), options)
    if (input.close && !request.tty) await executor.closeStdin(request.processId, options)
  } catch (error) {
    const { code, message } = BridgeError.from(endOf(session) ?? error)
    const doubt =
      code === 'conflict' && !session.isOver ? '' : '; how much of the input was written is not known'
    throw new BridgeError(code, `Cannot write to session "${id}": ${message}${doubt}`, { cause: error })
  }
}

/** Refuses before anything is written. */
function checkWritable(session: Session, close: boolean): void {
  const { id, request, executor } = session
  const refuse = (state: string, code: Code = 'conflict') =>
    new BridgeError(code, `Cannot write to session "${id}": ${state}`)
  const end = endOf(session)
  if (end) throw refuse(end.message, end.code)
  if (request.tty) return
  if (!request.pipeStdin) throw refuse('it was started without an input; exec_command keeps one open')
  if (close && !executor.features.closeStdin)
    throw refuse(
      'this executor cannot end the input of a process with pipes, and nothing was written; give all of it to shell as stdin, redirect from a file, or start it with tty',
    )
}

/** Only a terminal makes an interrupt of Ctrl-C. */
function notesOn({ id, request, isOver }: Session, { chars }: WriteStdinInput): string[] {
  if (request.tty || isOver || !chars.includes('\x03')) return []
  const call = JSON.stringify({ session_id: id, signal: 'INT' })
  return [`Without a tty "\\u0003" is a byte like others: terminate ${call} interrupts`]
}

/** Why nobody reads what is written; undefined while the process runs. */
function endOf({ state, isOver }: Session): BridgeError | undefined {
  if (state.kind === 'lost')
    return new BridgeError(
      'process_lost',
      `${state.reason.message}. Whether its process still runs is not known`,
    )
  return isOver ? new BridgeError('conflict', 'its process has ended') : undefined
}

/** In a terminal an end of input is only understood at the beginning of a line; the first one then sends the line. */
function charactersOf({ request }: Session, { chars, close }: WriteStdinInput): Buffer {
  if (!request.tty || !close) return Buffer.from(chars)
  const isInLine = chars !== '' && !/[\r\n]$/.test(chars)
  return Buffer.from(chars + END_OF_TRANSMISSION.repeat(isInLine ? 2 : 1))
}
