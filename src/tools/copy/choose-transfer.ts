import type { Relay } from '../../protocol/relay.ts'
import { BridgeError } from '../../util/errors.ts'
import type { Workspace } from '../tool.ts'
import { AutoTransfer } from './auto-transfer.ts'
import { bridgesTransfer } from './bridges-transfer.ts'
import type { CopyInput } from './copy-input.ts'
import type { Transfer } from './copy-job.ts'
import { directTransfer } from './direct-transfer.ts'
import { HttpTransfer } from './http-transfer.ts'
import { isOneMachine } from './machine.ts'

/** How the caller wants bytes to travel between two machines. */
export type Transport = 'auto' | 'http' | 'ws'

/** The transfer for two environments. Throws `invalid_input`, with what is missing, when the one asked for cannot be had. */
export function chooseTransfer(
  { transport, destination }: Pick<CopyInput, 'transport' | 'destination'>,
  from: Workspace,
  to: Workspace,
  relay: Relay | undefined,
): Transfer {
  if (isOneMachine(from.environment, to.environment)) return directTransfer
  // To several machines over the bridges: then the source is read once.
  const isToSeveral = destination.environments.length > 1
  if (transport === 'ws' || (transport === 'auto' && isToSeveral)) return bridgesTransfer
  const http = httpBetween(from, to, relay)
  if (typeof http !== 'string') return transport === 'http' ? http : new AutoTransfer(http)
  if (transport === 'auto') return bridgesTransfer
  throw new BridgeError('invalid_input', `transport "http" is not possible, for ${http}: leave transport out`)
}

/** The transfer, or why there is none. */
function httpBetween(from: Workspace, to: Workspace, relay: Relay | undefined): HttpTransfer | string {
  const [source, destination] = [from.environment.target, to.environment.target]
  if (source.kind !== 'gateway') return `${JSON.stringify(from.environment.name)} ${NOT_OF_A_GATEWAY}`
  if (destination.kind !== 'gateway') return `${JSON.stringify(to.environment.name)} ${NOT_OF_A_GATEWAY}`
  if (!relay) return NO_SECRET
  return new HttpTransfer(relay, { sourceId: source.exeId, destinationId: destination.exeId })
}

const NOT_OF_A_GATEWAY = 'is not reached through a gateway'
const NO_SECRET =
  'env-mcp was started without --exec-gateway-internal-url and --exec-gateway-internal-secret-env, with which the gateway gives tickets'
