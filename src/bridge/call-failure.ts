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
