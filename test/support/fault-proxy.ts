import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Fault } from './fault.ts'
import { FaultLink } from './fault-link.ts'

/** What happens to the n-th connection, from 0. */
export type FaultPlan = (connection: number) => readonly Fault[]

/** Told of a fault once, when it begins to do what it does. */
export type HitListener = (fault: Fault, connection: number) => void

/** Starts a proxy between a bridge and an executor, on loopback: it does the faults it is told, where it is told. */
export async function startFaultProxy(
  target: string,
  faultsOf: FaultPlan = () => [],
  onHit: HitListener = () => {},
): Promise<FaultProxy> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return new FaultProxy(server, target, { faultsOf, onHit })
}

/** A running proxy. Disposing cuts what is connected. */
export class FaultProxy implements AsyncDisposable {
  readonly url: string
  /** Where new connections lead. */
  target: string
  readonly #server: Server
  readonly #options: { readonly faultsOf: FaultPlan; readonly onHit: HitListener }
  readonly #links = new Set<FaultLink>()
  readonly #arrivals: (() => void)[] = []
  #connections = 0
  #downUntilMs = 0

  constructor(server: Server, target: string, options: { faultsOf: FaultPlan; onHit: HitListener }) {
    this.#server = server
    this.#options = options
    this.target = target
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (client) => this.#take(client))
  }

  /** Connections taken so far. */
  get connections(): number {
    return this.#connections
  }

  /** New connections are refused, and not counted, for as long as this is true: until told otherwise, or a cut's time is over. */
  get isDown(): boolean {
    return performance.now() < this.#downUntilMs
  }

  set isDown(value: boolean) {
    this.#downUntilMs = value ? Number.POSITIVE_INFINITY : 0
  }

  /** Ends every connection there is, as a network does. */
  cut(): void {
    for (const link of this.#links) link.cut()
  }

  /** Resolves when the next connection has come. */
  nextConnection(): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #take(client: Socket): void {
    for (const arrived of this.#arrivals.splice(0)) arrived()
    const connection = this.isDown ? undefined : this.#connections++
    const { hostname, port } = new URL(this.target)
    const link = new FaultLink({
      client,
      faults: connection === undefined ? [{ kind: 'refuse' }] : this.#options.faultsOf(connection),
      dial: () => connect(Number(port), hostname),
      onHit: (fault) => {
        if (connection !== undefined) this.#hit(fault, connection)
      },
      onGone: () => this.#links.delete(link),
    })
    this.#links.add(link)
  }

  #hit(fault: Fault, connection: number): void {
    if ('downMs' in fault) this.#downUntilMs = performance.now() + (fault.downMs ?? 0)
    this.#options.onHit(fault, connection)
  }
}
