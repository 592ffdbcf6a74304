import type { Executor, StartRequest } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'

/** How long the executor is asked for the cause of a failure that is known already. */
const EXPLAIN_TIMEOUT_MS = 5_000

/**
 * Why a process did not start, in words to act on. An operating system says the same of a missing program and of a
 * missing working directory, so the executor is asked which it was. Other failures come back as they are.
 */
export async function explainStart(
  error: unknown,
  request: Pick<StartRequest, 'argv' | 'cwd'>,
  files: Pick<Executor, 'metadata'>,
): Promise<unknown> {
  if (!(error instanceof BridgeError) || (error.code !== 'not_found' && error.code !== 'denied')) return error
  const flaw = await flawOfDirectory(request.cwd, files)
  const reason = flaw ?? flawOfProgram(error.code, request)
  const message = `Cannot start ${JSON.stringify(request.argv[0])}: ${reason}`
  return new BridgeError(error.code, message, { cause: error })
}

/** Undefined when nothing is wrong with it, as far as can be told. */
async function flawOfDirectory(cwd: string, files: Pick<Executor, 'metadata'>): Promise<string | undefined> {
  try {
    const { kind } = await files.metadata(cwd, { timeoutMs: EXPLAIN_TIMEOUT_MS })
    return kind === 'directory' ? undefined : `${JSON.stringify(cwd)} is not a directory`
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    if (error.code === 'not_found') return `no such directory ${JSON.stringify(cwd)}`
    return error.code === 'denied' ? `permission denied to enter ${JSON.stringify(cwd)}` : undefined
  }
}

function flawOfProgram(
  code: 'not_found' | 'denied',
  { argv, cwd }: Pick<StartRequest, 'argv' | 'cwd'>,
): string {
  const program = JSON.stringify(argv[0])
  if (code === 'denied')
    return `permission denied: it is not executable, or ${JSON.stringify(cwd)} may not be entered`
  return argv[0]?.includes('/')
    ? `no such file ${program}, or no interpreter for it`
    : `no program of that name on the PATH of the machine`
}
