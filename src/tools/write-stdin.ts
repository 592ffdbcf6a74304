import { BridgeError } from '../util/errors.ts'
import {
  parseBoolean,
  parseInteger,
  parseMaxOutputBytes,
  parseOptionalText,
  parseText,
  type RawArguments,
} from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { writeAll } from './feed.ts'
import { findSession } from './find-session.ts'
import { processResult } from './process-result.ts'
import { readSession } from './read-session.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'
import type { Session } from './session.ts'
import type { Tool, ToolContext } from './tool.ts'
import { waitUntil } from './wait-until.ts'

const YIELD_MS = { usual: 250, most: 280_000 }
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
  name: 'write_stdin',
  title: 'Write to a process',
  description: `Type into a process started by exec_command (answer a prompt, send a line to a REPL or terminal, Ctrl-C as "\\u0003"), then return what it wrote within yield_time_ms. Nothing is added: end a line with "\\n". With close: true the input ends after chars.`,
  inputSchema: inputSchema(
    {
      session_id: PROPERTIES.session_id,
      chars: { type: 'string', description: 'Characters to write. Default: none, only read.' },
      close: {
        type: 'boolean',
        description: 'End the input after chars (a tty gets Ctrl-D). Default: false.',
      },
      yield_time_ms: {
        type: 'integer',
        description: `How long to collect output after writing, in ms. 0 to ${YIELD_MS.most}, default ${YIELD_MS.usual}.`,
      },
      raw: PROPERTIES.raw,
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['session_id'],
  ),
  annotations: ACTING,

  parse(raw: RawArguments): WriteStdinInput {
    return {
      sessionId: parseText(raw, 'session_id', 'box/k7f3q2'),
      environment: parseEnvironment(raw),
      chars: parseOptionalText(raw, 'chars') ?? '',
      close: parseBoolean(raw, 'close', false),
      yieldMs:
        parseInteger(raw, 'yield_time_ms', { min: 0, max: YIELD_MS.most, example: YIELD_MS.usual }) ??
        YIELD_MS.usual,
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
    }).catch((error: unknown) => {
      const { code, message } = BridgeError.from(error)
      throw new BridgeError(code, `${message}: the input was written, read_output reads on`, { cause: error })
    })
    const reading = readSession(session, { maxBytes: input.maxOutputBytes, raw: input.raw })
    return processResult({ session, reading, wallMs: clock.now() - startedAt })
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
    const { code, message } = BridgeError.from(error)
    const doubt = code === 'conflict' ? '' : '; how much of the input was written is not known'
    throw new BridgeError(code, `Cannot write to session "${id}": ${message}${doubt}`, { cause: error })
  }
}

/** Refuses before anything is written. */
function checkWritable({ id, isOver, request, executor }: Session, close: boolean): void {
  const refuse = (state: string) => new BridgeError('conflict', `Cannot write to session "${id}": ${state}`)
  if (isOver) throw refuse('its process has ended')
  if (request.tty) return
  if (!request.pipeStdin) throw refuse('it was started without an input; exec_command keeps one open')
  if (close && !executor.features.closeStdin)
    throw refuse(
      'this executor cannot end the input of a process with pipes, and nothing was written; give all of it to shell as stdin, redirect from a file, or start it with tty',
    )
}

/** In a terminal an end of input is only understood at the beginning of a line; the first one then sends the line. */
function charactersOf({ request }: Session, { chars, close }: WriteStdinInput): Buffer {
  if (!request.tty || !close) return Buffer.from(chars)
  const isInLine = chars !== '' && !/[\r\n]$/.test(chars)
  return Buffer.from(chars + END_OF_TRANSMISSION.repeat(isInLine ? 2 : 1))
}
