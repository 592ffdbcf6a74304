import type { StartRequest } from '../protocol/executor.ts'
import { parseBoolean, parseInteger, type RawArguments } from './arguments.ts'
import { type Command, parseCommand } from './command.ts'
import { launch } from './launch.ts'
import { processResult } from './process-result.ts'
import { readSession } from './read-session.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'
import type { Tool } from './tool.ts'
import { waitForEnd } from './wait-for-end.ts'

const YIELD_MS = { usual: 1000, most: 30_000 }
const SIZE = { cols: 80, rows: 24, most: 1000 }

interface ExecCommandInput extends Command {
  readonly tty: boolean
  readonly size: StartRequest['size']
  readonly pipeStdin: boolean
  readonly yieldMs: number
  readonly raw: boolean
}

/** Starts a process that may outlive the call. */
export const execCommandTool: Tool<ExecCommandInput> = {
  name: 'exec_command',
  title: 'Start a process',
  description: `Start a process that may outlive the call on a remote machine or environment: a server, a long build or training, a REPL, a debugger, an interactive terminal (tty). Returns what it wrote within yield_time_ms, and a session ID for write_stdin, read_output and terminate, or the exit code when it ended.`,
  inputSchema: inputSchema(
    {
      environment_id: PROPERTIES.environment_id,
      command: PROPERTIES.command,
      cwd: PROPERTIES.cwd,
      env: PROPERTIES.env,
      tty: {
        type: 'boolean',
        description: 'Run in a terminal (TERM is "dumb" unless env says otherwise). Default: false, pipes.',
      },
      cols: { type: 'integer', description: `Columns of the terminal. Default ${SIZE.cols}.` },
      rows: { type: 'integer', description: `Rows of the terminal. Default ${SIZE.rows}.` },
      pipe_stdin: {
        type: 'boolean',
        description: 'Keep the standard input open for write_stdin; false: it is empty. Default: true.',
      },
      yield_time_ms: {
        type: 'integer',
        description: `How long to collect output before returning, in ms. 0 to ${YIELD_MS.most}, default ${YIELD_MS.usual}.`,
      },
      raw: PROPERTIES.raw,
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['command'],
  ),
  annotations: ACTING,

  parse(raw: RawArguments): ExecCommandInput {
    return {
      ...parseCommand(raw),
      tty: parseBoolean(raw, 'tty', false),
      size: parseSize(raw),
      pipeStdin: parseBoolean(raw, 'pipe_stdin', true),
      yieldMs:
        parseInteger(raw, 'yield_time_ms', { min: 0, max: YIELD_MS.most, example: YIELD_MS.usual }) ??
        YIELD_MS.usual,
      raw: parseBoolean(raw, 'raw', false),
    }
  },

  async run(context, input) {
    const workspace = await context.open(input.environment)
    const { clock } = context.sessions
    const startedAt = clock.now()
    const { tty, size, pipeStdin } = input
    const how = tty ? { tty, size, pipeStdin: true } : { tty, pipeStdin }
    const session = await launch(context, workspace, { command: input, ...how })
    await waitForEnd(context, session, input.yieldMs)
    const reading = readSession(session, { maxBytes: input.maxOutputBytes, raw: input.raw })
    return processResult({ session, reading, wallMs: clock.now() - startedAt })
  },
}

/** The size of the terminal, when one of the two is given. */
function parseSize(raw: RawArguments): StartRequest['size'] {
  const rule = { min: 1, max: SIZE.most }
  const cols = parseInteger(raw, 'cols', rule)
  const rows = parseInteger(raw, 'rows', rule)
  return cols || rows ? { cols: cols ?? SIZE.cols, rows: rows ?? SIZE.rows } : undefined
}
