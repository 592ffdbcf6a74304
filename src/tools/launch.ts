import type { StartRequest } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import { argvOf, type Command, withInputOf, withSize } from './command.ts'
import { failureOn } from './failure.ts'
import { resolvePath } from './paths.ts'
import type { Session } from './session.ts'
import type { ToolContext, Workspace } from './tool.ts'

/** How a command is started, beyond what it is. */
export interface LaunchRequest {
  readonly command: Command
  readonly tty: boolean
  readonly size?: StartRequest['size']
  readonly pipeStdin: boolean
  /** The input ends after so many bytes, also where the executor cannot end it. */
  readonly inputBytes?: number
}

/** Starts a command. Throws what is wrong with it in words: the program, the directory, or the machine. */
export async function launch(
  context: ToolContext,
  workspace: Workspace,
  request: LaunchRequest,
): Promise<Session> {
  const { info } = workspace.executor
  const { command, tty, pipeStdin } = request
  const argv = argvOf(command, info)
  const start = {
    ...wrapped(argv, workspace, request),
    cwd: resolvePath(command.cwd ?? info.cwd, info),
    env: tty ? { TERM: TTY_TERM, ...command.env } : command.env,
    tty,
    pipeStdin,
  }
  try {
    return await context.sessions.start(workspace, start, { signal: context.signal })
  } catch (error) {
    const failure = failureOn(error, `Cannot start ${JSON.stringify(argv[0])}`, workspace.environment.name)
    throw new BridgeError(failure.code, `${failure.message}${hintFor(failure, command)}`, { cause: error })
  }
}

function hintFor({ code, message }: BridgeError, { command }: Command): string {
  if (code === 'not_found' && isLine(command))
    return '; a command line is given as a text, not as an array of one'
  if (code === 'deadline') {
    const unknown = message.includes('; unknown: ') ? '' : '; unknown: it may have run'
    return `${unknown}. What starts after all is terminated as soon as the machine answers`
  }
  return /list too long/i.test(message) ? '; give a long text as stdin, or in a file' : ''
}

/** Some models write a whole command line as the only word. */
function isLine(command: Command['command']): boolean {
  return typeof command !== 'string' && command.length === 1 && /\s/.test(command[0]!)
}

/**
 * As codex does: a model reads text, and a program that knows a better terminal would paint with what we take out again.
 * The executor's own TERM is that of the terminal it was started from, which is not ours.
 */
const TTY_TERM = 'dumb'

/** The command in what its executor cannot do by itself. */
function wrapped(
  argv: readonly string[],
  { environment, executor }: Workspace,
  { size, inputBytes }: LaunchRequest,
): Pick<StartRequest, 'argv' | 'size'> {
  const { features, info } = executor
  const needsInput = inputBytes !== undefined && !features.closeStdin
  const needsSize = size !== undefined && !features.ttySize
  if (info.os === 'windows' && (needsInput || needsSize))
    throw new BridgeError(
      'conflict',
      needsInput
        ? `The executor of "${environment.name}" cannot end the input of a command: write the text to a file and redirect it`
        : `The executor of "${environment.name}" cannot set the size of a terminal: leave cols and rows out`,
    )
  if (needsInput) return { argv: withInputOf(inputBytes, argv) }
  if (needsSize) return { argv: withSize(size, argv) }
  return { argv, size }
}
