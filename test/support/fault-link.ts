import type { Socket } from 'node:net'
import { type Direction, directionOf, type EntryFault, type Fault, isEntryFault } from './fault.ts'
import { FaultLane } from './fault-lane.ts'

export interface FaultLinkOptions {
  readonly client: Socket
  readonly faults: readonly Fault[]
  /** Opens the other side. */
  readonly dial: () => Socket
  /** A fault has begun to do what it does; told once for each. */
  readonly onHit: (fault: Fault) => void
  /** Both sides are closed. */
  readonly onGone: () => void
}

/** One connection through the proxy. */
export class FaultLink {
  readonly #client: Socket
  readonly #hits = new Set<Fault>()
  readonly #onHit: (fault: Fault) => void
  #server: Socket | undefined
  #lanes: readonly FaultLane[] = []
  #lingering: NodeJS.Timeout | undefined

  constructor({ client, faults, dial, onHit, onGone }: FaultLinkOptions) {
    this.#client = client
    this.#onHit = onHit
    client.setNoDelay(true).on('error', () => {})
    const entry = faults.find(isEntryFault)
    if (entry) this.#refuse(entry)
    else this.#join(dial(), faults)
    const sockets = this.#server ? [client, this.#server] : [client]
    const isGone = () => sockets.every(({ closed }) => closed)
    for (const socket of sockets) socket.on('close', () => isGone() && onGone())
  }

  /** Ends both sides without a word. */
  cut(): void {
    clearTimeout(this.#lingering)
    for (const lane of this.#lanes) lane[Symbol.dispose]()
    this.#client.destroy()
    this.#server?.destroy()
  }

  #refuse(fault: EntryFault): void {
    this.#hit(fault)
    switch (fault.kind) {
      case 'refuse':
        this.#client.resetAndDestroy()
        return
      case 'hang':
        this.#client.resume()
        return
      case 'status':
        this.#client.end(`HTTP/1.1 ${fault.status} Fault\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
        return
    }
  }

  #join(server: Socket, faults: readonly Fault[]): void {
    const client = this.#client
    this.#server = server
    server.setNoDelay(true).on('error', () => {})
    const of = (direction: Direction) => faults.filter((fault) => directionOf(fault) === direction)
    const events = { hit: (fault: Fault) => this.#hit(fault), cut: (fault: Fault) => this.#cutBy(fault) }
    const up = new FaultLane(client, server, of('up'), events)
    const down = new FaultLane(server, client, of('down'), events)
    this.#lanes = [up, down]
    server.on('close', () => down.end())
    client.on('close', () => {
      if (!this.#lingering) this.cut()
    })
  }

  #cutBy(fault: Fault): void {
    if (fault.kind !== 'half-open') return this.cut()
    for (const lane of this.#lanes) lane[Symbol.dispose]()
    this.#lingering = setTimeout(() => this.cut(), fault.ms)
    this.#lingering.unref()
    this.#client.destroy()
  }

  #hit(fault: Fault): void {
    if (this.#hits.has(fault)) return
    this.#hits.add(fault)
    this.#onHit(fault)
  }
}
