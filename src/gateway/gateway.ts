import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { Semaphore } from '../util/semaphore.ts'
import { bridgeRoute } from './bridge-route.ts'
import { callTap } from './call-tap.ts'
import { connectedRoutes } from './connected-routes.ts'
import { Connections } from './connections.ts'
import { copyRoutes } from './copy-routes.ts'
import { CopyTickets } from './copy-tickets.ts'
import { dialInRoute } from './dial-in.ts'
import { DialOut } from './dial-out.ts'
import { Gate } from './gate.ts'
import { hostCheck } from './hosts.ts'
import { HttpServer } from './http-server.ts'
import { internalRoutes } from './internal-routes.ts'
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts'
import type { NoiseHarness } from './link.ts'
import { Metrics } from './metrics.ts'
import { METRICS_TYPE } from './prometheus.ts'
import { publicUrl } from './public-url.ts'
import { Refusals } from './refusals.ts'
import { registrationRoutes } from './registration.ts'
import { Registrations } from './registrations.ts'
import { Registry } from './registry.ts'
import type { Route } from './routes.ts'
import type { State } from './state.ts'
import { type ExecutorStatus, statusOf, statusRoute } from './status.ts'
import { allTaps, type Tap } from './tap.ts'
import type { Watcher } from './watch.ts'

export interface GatewayOptions {
  readonly state: State
  readonly host: string
  readonly port: number
  /** How it is reached from outside; otherwise as each request came. */
  readonly publicUrl?: string | undefined
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined
  readonly isBehindProxy?: boolean
  readonly noise: NoiseHarness
  /** Who is told of calls and connections, besides the metrics. */
  readonly watchers?: readonly Watcher[]
  /** Who sees the messages themselves. */
  readonly taps?: readonly Tap[]
  readonly logger: Logger
  readonly clock?: Clock
  readonly limits?: Partial<GatewayLimits>
}

/** A running gateway. */
export interface Gateway {
  readonly port: number
  /** Every executor it knows of, connected or not. */
  executors(): ExecutorStatus[]
  /** Ends every connection, and writes down what is known. The machines come back by themselves to the next one. */
  close(): Promise<void>
}

/** Starts a gateway: one port for executors, bridges, copies and what runs beside. Rejects when it cannot listen. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const parts = partsOf(options)
  const { registry, tickets, limits } = parts
  const server = serverOf(options, parts)
  const port = await server.listen().catch(async (error: unknown) => {
    await registry.close()
    throw error
  })
  const dialOut = new DialOut(parts)
  return {
    port,
    executors: () => registry.all().map(statusOf),
    async close() {
      const closed = server.close(limits.closeTimeoutMs)
      const dialled = dialOut.close()
      tickets.close()
      closeAll(registry)
      await Promise.all([closed, dialled])
      await registry.close()
    },
  }
}

type Parts = ReturnType<typeof partsOf>

/** What the routes share. */
function partsOf(options: GatewayOptions) {
  const { state, logger, noise } = options
  const clock = options.clock ?? systemClock
  const limits = { ...GATEWAY_LIMITS, ...options.limits }
  const metrics = new Metrics()
  const tap = allTaps([callTap([metrics, ...(options.watchers ?? [])], clock), ...(options.taps ?? [])])
  const registry = new Registry({ state, clock, limits, logger })
  return {
    ...{ state, logger, noise, clock, limits, metrics, tap, registry },
    gate: new Gate({ state, limits, clock, logger }),
    registrations: new Registrations({ state, registry, limits, clock, logger }),
    connections: new Connections({ logger, tap }),
    refusals: new Refusals({ logger, clock, limits }),
    beginnings: new Semaphore(1),
    tickets: new CopyTickets(clock, limits, tap),
    publicUrl: publicUrl(options.publicUrl, options.isBehindProxy ?? false),
  }
}

function serverOf(options: GatewayOptions, parts: Parts): HttpServer {
  const { host, port, tls, isBehindProxy = false } = options
  const { limits, logger, tap, refusals } = parts
  return new HttpServer({
    ...{ host, port, tls, isBehindProxy, limits, logger },
    prefix: prefixOf(options.publicUrl),
    isHostOurs: hostCheck(host, options.publicUrl),
    routes: routesOf(parts),
    socketRoutes: [bridgeRoute(parts), dialInRoute(parts)],
    refused: (ask, status, why) => {
      tap.refused(ask, status)
      refusals.request(ask, status, why)
    },
  })
}

function routesOf(parts: Parts): Route[] {
  const { metrics } = parts
  const metricsText = () => ({ status: 200, text: metrics.text(), contentType: METRICS_TYPE })
  return [
    { method: 'GET', path: '/healthz', answer: () => ({ status: 200, json: { status: 'ok' } }) },
    { method: 'GET', path: '/metrics', answer: metricsText },
    ...registrationRoutes(parts),
    ...connectedRoutes(parts),
    ...internalRoutes(parts),
    ...copyRoutes(parts),
    statusRoute(parts),
  ]
}

function closeAll(registry: Registry): void {
  const reason = new BridgeError('unavailable', 'The gateway is stopping')
  for (const { connection } of registry.all()) {
    for (const bridge of connection?.bridges ?? []) bridge.close(reason)
    connection?.close(reason)
  }
}

function prefixOf(url: string | undefined): string {
  return url === undefined ? '' : new URL(url).pathname.replace(/\/+$/, '')
}
