import { RPC_CODES } from '../protocol/methods.ts'
import { RpcError } from '../rpc/peer.ts'
import { BridgeError, type Code } from '../util/errors.ts'
import { CallFailure, ConnectionLost } from './call-failure.ts'

/**
 * What a call may have left behind when its answer never came: nothing, what the loss does too (`ends`), or what nobody knows who does not
 * check `check`.
 */
export type Effect = 'none' | 'ends' | { readonly check: string }

/** What becomes of processes whose connection is lost. */
export const FATE_OF_LOST = 'a stock executor ends what ran on a lost connection within 80 s'

/**
 * Does `work`, and says what it was when it fails: `action` (`Cannot read "/etc/x"`), then what is the case. A call that
 * was cut off says whether it may have been carried out, and then what to check.
 */
export async function attempt<T>(action: string, effect: Effect, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explain(action, effect, error)
  }
}

/** As `attempt`, for what concerns a process: with the connection, the process is lost. */
export async function attemptOn<T>(action: string, effect: Effect, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const explained = explain(action, effect, error)
    if (!(error instanceof ConnectionLost) || !(explained instanceof BridgeError)) throw explained
    throw new BridgeError('process_lost', explained.message, { cause: error })
  }
}

function explain(action: string, effect: Effect, error: unknown): unknown {
  if (error instanceof RpcError) return refusal(action, error)
  if (error instanceof CallFailure)
    return new BridgeError(error.code, `${action}: ${error.message}${aftermath(effect, error)}`, {
      cause: error,
    })
  return error
}

function aftermath(effect: Effect, error: CallFailure): string {
  if (!error.wasSent) return '; nothing was done'
  if (error instanceof ConnectionLost && effect === 'ends') return `; ${FATE_OF_LOST}`
  if (typeof effect === 'string') return ''
  return `; unknown: it may have been carried out, so check ${effect.check} before repeating it`
}

/** An executor's refusal as an error of ours: its words, and the code they stand for. */
export function refusal(action: string, error: RpcError): BridgeError {
  return new BridgeError(codeOf(error), `${action}: ${tidy(error.message)}`, { cause: error })
}

/** The code that the words of an operating system stand for; they are the same in a refusal and on a program's stderr. */
export function codeFromWords(text: string): Code | undefined {
  return WORDS.find(([pattern]) => pattern.test(text))?.[1]
}

/** What one of our executors says that keeps its clients within bounds. */
const BOUNDS = /this executor is (read-only|confined to)/

/** It was not the system that refused, but the executor itself, and it has said why. */
export function isOutOfBounds(error: BridgeError): boolean {
  return BOUNDS.test(error.message)
}

const WORDS: readonly (readonly [RegExp, Code])[] = [
  [/no such file|not a directory|cannot find the (file|path)|unknown file handle/i, 'not_found'],
  // What an exec-server says of a program for a terminal.
  [/no viable candidates|exist on the filesystem/i, 'not_found'],
  [/file too large|no space left|quota exceeded/i, 'conflict'],
  [BOUNDS, 'denied'],
  [/permission denied|not permitted|read-only file system|access is denied/i, 'denied'],
  [/name too long|list too long|nul byte|too large|needs to be absolute|not absolute/i, 'invalid_input'],
  [/unknown process/i, 'process_lost'],
]

function codeOf({ rpcCode, message }: RpcError): Code {
  const code = codeFromWords(message)
  if (code) return code
  if (rpcCode === RPC_CODES.notFound) return 'not_found'
  return rpcCode === RPC_CODES.invalidParams ? 'invalid_input' : 'conflict'
}

/** `No such file or directory (os error 2)` as part of a sentence of ours, at most 500 characters of it. */
function tidy(message: string): string {
  const text = message.replace(/ \(os error \d+\)/, '').replace(/\.?\s*$/, '')
  const first = /^[A-Z][a-z ]/.test(text) ? text.slice(0, 1).toLowerCase() : text.slice(0, 1)
  return `${first}${text.slice(1, 500)}`
}

/** True when the executor has no such method: it is too old for it, or it is one of ours. */
export function isUnknownMethod(error: unknown): boolean {
  return error instanceof RpcError && error.rpcCode === RPC_CODES.methodNotFound
}
