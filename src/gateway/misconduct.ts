import { BridgeError } from '../util/errors.ts'

/** Why we ended a connection: for what its other end did, not because it went away. */
export class Misconduct extends BridgeError {
  constructor(message: string) {
    super('invalid_input', message)
  }
}

/** Whether a connection ended by misconduct, also by what the WebSocket itself does not take. */
export function isMisconduct(reason: Error): boolean {
  if (reason instanceof Misconduct) return true
  const { cause } = reason
  return (
    cause instanceof Error &&
    'code' in cause &&
    typeof cause.code === 'string' &&
    cause.code.startsWith('WS_ERR_')
  )
}
