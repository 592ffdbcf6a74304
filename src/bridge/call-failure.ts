import { BridgeError, type Code } from '../util/errors.ts'

/** A call that got no answer that could be used. `wasSent`: it may have been carried out. */
export class CallFailure extends BridgeError {
  readonly wasSent: boolean

  constructor(code: Code, message: string, wasSent: boolean, options?: { cause?: unknown }) {
    super(code, message, options)
    this.name = 'CallFailure'
    this.wasSent = wasSent
  }
}

/** The connection ended while the call waited, or was over before it. */
export class ConnectionLost extends CallFailure {
  constructor(message: string, wasSent: boolean, reason: BridgeError, code: Code = 'unavailable') {
    super(code, message, wasSent, { cause: reason })
    this.name = 'ConnectionLost'
  }
}

/** The lost connection that `error` tells of, itself or in words about a process; undefined when it is something else. */
export function lossOf(error: unknown): ConnectionLost | undefined {
  const loss = error instanceof BridgeError && error.code === 'process_lost' ? error.cause : error
  return loss instanceof ConnectionLost ? loss : undefined
}
