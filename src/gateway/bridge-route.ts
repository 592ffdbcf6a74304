import type { WebSocket } from 'ws'
import type { Clock } from '../util/clock.ts'
import type { Semaphore } from '../util/semaphore.ts'
import type { Ask } from './ask.ts'
import { Bridge } from './bridge.ts'
import type { Connection } from './connection.ts'
import { factsOf } from './connections.ts'
import type { Executor } from './executor.ts'
import { FrameSocket } from './frame-socket.ts'
import type { Gate } from './gate.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'
import { isMisconduct } from './misconduct.ts'
import type { Refusals } from './refusals.ts'
import type { Registry } from './registry.ts'
import type { SocketRoute } from './routes.ts'
import type { Tap } from './tap.ts'
import type { WorkspaceClaims } from './tokens.ts'

export interface BridgeRouteOptions {
  readonly gate: Gate
  readonly registry: Registry
  readonly refusals: Refusals
  readonly beginnings: Semaphore
  readonly tap: Tap
  readonly clock: Clock
  readonly limits: GatewayLimits
}

const PATH = '/bridge/:exe_id'

/** Where env-mcp connects to an executor of its workspace: 401 bad token, 403 not in this workspace, 503 not to be had now. */
export function bridgeRoute(options: BridgeRouteOptions): SocketRoute {
  const { gate, registry, limits } = options
  return {
    path: PATH,
    maxMessageBytes: limits.maxBridgeFrameBytes,
    connect(ask, accept) {
      const claims = gate.workspace(ask)
      const executor = executorOf(registry, claims.workspaceId, ask)
      const connection = freeConnection(executor)
      accept((socket) => take(socket, { executor, connection, claims, address: ask.address }, options))
    },
  }
}

/** Not there and not yours are one answer. */
function executorOf(registry: Registry, workspaceId: string, ask: Ask): Executor {
  const executor = registry.find(workspaceId, ask.params.exe_id!)
  if (executor) return executor
  throw new HttpError(403, 'There is no such executor in this workspace')
}

function freeConnection({ record, connection }: Executor): Connection {
  if (!connection) throw new HttpError(503, `The executor "${record.name}" is not connected`)
  const busy = connection.whyBusy()
  if (busy !== undefined) throw new HttpError(503, `The executor "${record.name}" is busy: ${busy}`)
  return connection
}

interface Taken {
  readonly executor: Executor
  readonly connection: Connection
  readonly claims: WorkspaceClaims
  readonly address: string
}

function take(
  webSocket: WebSocket,
  { executor, connection, claims, address }: Taken,
  { refusals, beginnings, tap, clock, limits }: BridgeRouteOptions,
): void {
  const highWaterBytes = limits.bridgeHighWaterBytes
  const bridge = new Bridge({
    socket: new FrameSocket(webSocket, { binary: true, pongs: false, highWaterBytes, clock }),
    claims,
    link: connection.link,
    budget: connection.assembly,
    othersWait: () => connection.bridges.size > 1,
    beginnings,
    tap: tap.bridge({
      ...factsOf(executor, connection),
      bridgeAddress: address,
      turnId: claims.turnId,
      userId: claims.userId,
    }),
    clock,
    limits,
  })
  connection.add(bridge)
  const { workspaceId, name } = executor.record
  void bridge.closed.then((reason) => {
    if (isMisconduct(reason)) refusals.note({ address, route: PATH, workspaceId, name }, reason.message)
  })
}
