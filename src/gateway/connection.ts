import type { Clock } from '../util/clock.ts'
import type { Bridge } from './bridge.ts'
import type { FrameSocket } from './frame-socket.ts'
import type { GatewayLimits } from './limits.ts'
import type { ExecutorLink } from './link.ts'
import { watchPresence } from './presence.ts'
import type { AssemblyBudget } from './relay-stream.ts'

/** A live connection of an executor, with the bridges on it. */
export class Connection {
  readonly link: ExecutorLink
  readonly socket: FrameSocket
  /** Tells one process from another, where its version gives it away: the same one may take its own place. */
  readonly identity: string
  readonly address: string
  readonly since = new Date()
  readonly bridges = new Set<Bridge>()
  /** What the half-received messages of all its bridges may hold together. */
  readonly assembly: AssemblyBudget

  constructor(
    options: { link: ExecutorLink; socket: FrameSocket; identity: string; address: string },
    clock: Clock,
    limits: GatewayLimits,
  ) {
    this.link = options.link
    this.socket = options.socket
    this.identity = options.identity
    this.address = options.address
    this.assembly = { leftBytes: limits.maxAssemblyBytes }
    const presence = watchPresence(this.socket, clock, limits)
    void this.socket.closed.then((reason) => {
      presence[Symbol.dispose]()
      for (const bridge of this.bridges) bridge.close(reason)
    })
  }

  /** Resolves with the reason when it is gone. */
  get closed(): Promise<Error> {
    return this.socket.closed
  }

  /** Why another bridge cannot be served now; `undefined` when it can. */
  whyBusy(): string | undefined {
    const { maxBridges } = this.link
    if (this.bridges.size < maxBridges) return undefined
    if (maxBridges === 1) return 'it serves one client at a time, and has one'
    return `it serves ${maxBridges} clients at a time, and has them`
  }

  /** Counts a bridge until it is gone. */
  add(bridge: Bridge): void {
    this.bridges.add(bridge)
    void bridge.closed.then(() => this.bridges.delete(bridge))
  }

  close(reason: Error): void {
    this.link.close(reason)
  }
}
