import { RPC_CODES } from '../protocol/methods.ts'
import { RpcError } from '../rpc/peer.ts'
import { BridgeError } from '../util/errors.ts'
import { Refusal } from './refusal.ts'

/** A request that is refused for what it is, with a number of `RPC_CODES`. */
export function wireError(code: keyof typeof RPC_CODES, message: string): RpcError {
  return new RpcError({ code: RPC_CODES[code], message })
}

/**
 * Why a method failed, as a stock exec-server tells it: a file that is not there is -32004 (`missing`; a program or its
 * directory is not told apart), what else the system refused -32603, what we refuse -32600. Bugs come back as they are.
 */
export function wireErrorFrom(error: unknown, missing: 'notFound' | 'internal' = 'notFound'): unknown {
  if (error instanceof RpcError || !(error instanceof BridgeError)) return error
  const message = error instanceof Refusal ? error.reason : error.message
  return new RpcError({ code: RPC_CODES[kindOf(error, missing)], message })
}

function kindOf(error: BridgeError, missing: 'notFound' | 'internal'): keyof typeof RPC_CODES {
  const systemCode = error instanceof Refusal ? error.systemCode : undefined
  if (systemCode !== undefined) return systemCode === 'ENOENT' ? missing : 'internal'
  switch (error.code) {
    case 'not_found':
      return missing
    case 'invalid_input':
    case 'conflict':
      return 'invalidRequest'
    case 'denied':
    case 'unavailable':
    case 'canceled':
    case 'deadline':
    case 'process_lost':
    case 'internal':
      return 'internal'
  }
}
