import type { Executor, StartRequest } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import { throwIfAborted } from '../util/signals.ts'
import { isOutOfBounds } from './errors.ts'

/** How long the executor is asked for the cause of a failure that is known already. */
const EXPLAIN_TIMEOUT_MS = 5_000

type Asked = Pick<StartRequest, 'argv' | 'cwd'>
type Files = Pick<Executor, 'metadata'>

interface Flaw {
  readonly code: 'not_found' | 'denied'
  readonly reason: string
}

/**
 * Refuses a working directory that is none. Needed for terminals: there a stock exec-server does not refuse it, but runs
 * the program elsewhere.
 */
export async function checkDirectory(
  { argv, cwd }: Asked,
  files: Files,
  signal: AbortSignal | undefined,
): Promise<void> {
  const flaw = await flawOfDirectory(cwd, files, signal)
  if (flaw) throw cannotStart(argv, flaw)
}

/**
 * Why a process did not start, in words to act on. An operating system says the same of a missing program and of a
 * missing working directory, so the executor is asked which it was. Other failures come back as they are.
 */
export async function explainStart(error: unknown, { argv, cwd }: Asked, files: Files): Promise<unknown> {
  if (!(error instanceof BridgeError) || isOutOfBounds(error)) return error
  if (error.code !== 'not_found' && error.code !== 'denied') return error
  const flaw = await flawOfDirectory(cwd, files)
  return cannotStart(
    argv,
    flaw ?? { code: error.code, reason: reasonOfProgram(error.code, { argv, cwd }) },
    error,
  )
}

/** Undefined when nothing is wrong with it, as far as can be told. */
async function flawOfDirectory(cwd: string, files: Files, signal?: AbortSignal): Promise<Flaw | undefined> {
  const quoted = JSON.stringify(cwd)
  try {
    const { kind } = await files.metadata(cwd, { signal, timeoutMs: EXPLAIN_TIMEOUT_MS })
    return kind === 'directory' ? undefined : { code: 'not_found', reason: `${quoted} is not a directory` }
  } catch (error) {
    throwIfAborted(signal)
    const code = error instanceof BridgeError ? error.code : undefined
    if (code === 'not_found') return { code, reason: `no such directory ${quoted}` }
    return code === 'denied' ? { code, reason: `permission denied to enter ${quoted}` } : undefined
  }
}

function reasonOfProgram(code: Flaw['code'], { argv, cwd }: Asked): string {
  const program = JSON.stringify(argv[0])
  if (code === 'denied')
    return `permission denied: it is not executable, or ${JSON.stringify(cwd)} may not be entered`
  return argv[0]?.includes('/')
    ? `no such file ${program}, or no interpreter for it`
    : 'no program of that name on the PATH of the machine'
}

function cannotStart(argv: readonly string[], { code, reason }: Flaw, cause?: unknown): BridgeError {
  return new BridgeError(code, `Cannot start ${JSON.stringify(argv[0] ?? '')}: ${reason}`, { cause })
}
