import { BridgeError } from '../../util/errors.ts'
import type { Workspace } from '../tool.ts'
import { bridgesTransfer } from './bridges-transfer.ts'
import type { Transfer } from './copy-job.ts'
import { directTransfer } from './direct-transfer.ts'
import { isOneMachine } from './machine.ts'

/** How the caller wants bytes to travel between two machines. */
export type Transport = 'auto' | 'http' | 'ws'

/** The transfer for two environments. Throws `invalid_input` when the one asked for cannot be had. */
export function chooseTransfer(transport: Transport, from: Workspace, to: Workspace): Transfer {
  if (isOneMachine(from.environment, to.environment)) return directTransfer
  switch (transport) {
    case 'http':
      throw new BridgeError(
        'invalid_input',
        'transport "http" is not available: leave transport out, or give "ws"',
      )
    case 'auto':
    case 'ws':
      return bridgesTransfer
  }
}
