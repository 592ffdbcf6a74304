import { NO_SUCH_FILE, NOT_A_DIRECTORY } from '../../patch/files.ts'
import { BridgeError } from '../../util/errors.ts'

/** What an executor says of the action, in front of the reason. */
const ACTION = /^Cannot [a-z ]+ "(?:[^"\\]|\\.)*"(?: to "(?:[^"\\]|\\.)*")?: /

/** What a connection that was lost says behind it: we look for ourselves. */
const AFTERMATH = /; unknown: it may have been carried out.*$/

/** The reason alone of what an executor refused, in codex's words where it has some. Only a missing entry is `not_found`. */
export function reasonOf(error: unknown): BridgeError {
  const { code, message } = BridgeError.from(error)
  const reason = message.replace(ACTION, '').replace(AFTERMATH, '')
  if (/not a directory/i.test(reason)) return new BridgeError('conflict', NOT_A_DIRECTORY, { cause: error })
  return new BridgeError(code, code === 'not_found' ? NO_SUCH_FILE : reason, { cause: error })
}

/** The same with what became of the files. */
export function withAftermath({ code, message, cause }: BridgeError, aftermath: string): BridgeError {
  return new BridgeError(code, `${message}; ${aftermath}`, { cause })
}

/** Refusals that leave nothing behind; of others nobody knows without looking. */
export function isRefusal({ code }: BridgeError): boolean {
  return code === 'denied' || code === 'not_found' || code === 'invalid_input'
}
