import { parseInteger, parseOptionalText, type RawArguments } from './arguments.ts'
import { type Command, parseCommand } from './command.ts'
import { feed } from './feed.ts'
import { SHELL, TIMEOUT_MS } from './info/shell.ts'
import { launch } from './launch.ts'
import { processResult } from './process-result.ts'
import { readSession } from './read-session.ts'
import type { Tool } from './tool.ts'
import { waitForEnd } from './wait-for-end.ts'

interface ShellInput extends Command {
  readonly stdin: Buffer
  readonly timeoutMs: number
}

/** Runs a command to its end. When the time is over before, it runs on as a session. */
export const shellTool: Tool<ShellInput> = {
  info: SHELL,

  parse(raw: RawArguments): ShellInput {
    return {
      ...parseCommand(raw),
      stdin: Buffer.from(parseOptionalText(raw, 'stdin') ?? ''),
      timeoutMs:
        parseInteger(raw, 'timeout_ms', { min: 0, max: TIMEOUT_MS.most, example: TIMEOUT_MS.usual }) ??
        TIMEOUT_MS.usual,
    }
  },

  async run(context, input) {
    const workspace = await context.open(input.environment)
    const { clock } = context.sessions
    const startedAt = clock.now()
    const { length } = input.stdin
    const stdin = length > 0 ? { pipeStdin: true, inputBytes: length } : { pipeStdin: false }
    const session = await launch(context, workspace, { command: input, tty: false, ...stdin })
    const notes: string[] = []
    if (length > 0)
      // Goes on beside the wait, and after it; never rejects.
      void feed(session, input.stdin).then((failure) => {
        if (failure) notes.push(`The input could not be written: ${failure.message}`)
      })
    const isOver = await waitForEnd(context, session, input.timeoutMs - (clock.now() - startedAt))
    if (!isOver && session.state.kind === 'running') notes.push(stillRunning(session.id, input.timeoutMs))
    const reading = readSession(session, { maxBytes: input.maxOutputBytes, raw: false })
    return processResult({ session, reading, wallMs: clock.now() - startedAt, notes })
  },
}

function stillRunning(id: string, timeoutMs: number): string {
  const session = JSON.stringify({ session_id: id })
  return `timeout_ms (${timeoutMs}) is over and the command runs on: read_output ${session} waits for more, terminate ends it`
}
