import type { StartRequest } from '../protocol/executor.ts'
import { parseBoolean, parseInteger, parseYieldMs, type RawArguments } from './arguments.ts'
import { type Command, parseCommand } from './command.ts'
import { EXEC_COMMAND, SIZE, YIELD_MS } from './info/exec-command.ts'
import { launch } from './launch.ts'
import { processResult } from './process-result.ts'
import { readSession } from './read-session.ts'
import type { Tool } from './tool.ts'
import { waitForEnd } from './wait-for-end.ts'

interface ExecCommandInput extends Command {
  readonly tty: boolean
  readonly size: StartRequest['size']
  readonly pipeStdin: boolean
  readonly yieldMs: number
  readonly raw: boolean
}

/** Starts a process that may outlive the call. */
export const execCommandTool: Tool<ExecCommandInput> = {
  info: EXEC_COMMAND,

  parse(raw: RawArguments): ExecCommandInput {
    return {
      ...parseCommand(raw),
      tty: parseBoolean(raw, 'tty', false),
      size: parseSize(raw),
      pipeStdin: parseBoolean(raw, 'pipe_stdin', true),
      yieldMs: parseYieldMs(raw, YIELD_MS),
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
