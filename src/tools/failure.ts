import { BridgeError } from '../util/errors.ts'

/** What an executor says of the action, in front of the state. */
const ACTION = /^Cannot [a-z ]+ "(?:[^"\\]|\\.)*": /

/** The same error with what was tried and where: `Cannot read "/srv/x" on "box": no such file`. */
export function failureOn(error: unknown, action: string, environment: string): BridgeError {
  const { code, message } = BridgeError.from(error)
  return new BridgeError(code, `${action} on "${environment}": ${message.replace(ACTION, '')}`, {
    cause: error,
  })
}
