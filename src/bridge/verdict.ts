import { RPC_CODES } from '../protocol/methods.ts'
import { RpcError } from '../rpc/peer.ts'
import { BridgeError } from '../util/errors.ts'
import { DialRefused } from './dial-errors.ts'

/**
 * What a failed try to take a session up again means. `again`: the machine, the gateway or the network is not there yet. `busy`: the
 * executor still believes in the old connection. `gone`: it does not know the session, or is another one (`conflict`). `refused`: we
 * are not let in.
 */
export function verdictOn(error: unknown): 'again' | 'busy' | 'gone' | 'refused' {
  if (error instanceof DialRefused) return error.status === 401 || error.status === 403 ? 'refused' : 'again'
  if (!(error instanceof RpcError))
    return error instanceof BridgeError && error.code === 'conflict' ? 'gone' : 'again'
  // Before 0.142 the number is that of every other refusal.
  const isAttached = error.rpcCode === RPC_CODES.attached || /already attached/.test(error.message)
  return isAttached ? 'busy' : 'gone'
}
