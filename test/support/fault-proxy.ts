import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { closeFrame, FrameSplitter, isDataFrame } from './websocket-frames.ts'

/** `up`: from the bridge to the executor; `down`: back. */
export type Direction = 'up' | 'down'

/** What goes wrong on one connection. Frames are counted from 1, messages only, in their direction. */
export type Fault =
  /** The connection ends as a network ends it: no close frame, after so many bytes in that direction. */
  | { readonly kind: 'cut-at-byte'; readonly direction: Direction; readonly bytes: number }
  | { readonly kind: 'cut-after-frame'; readonly direction: Direction; readonly frame: number }
  /** From that frame on nothing gets through in that direction, and nobody is told. */
  | { readonly kind: 'silence'; readonly direction: Direction; readonly frame: number }
  | { readonly kind: 'delay'; readonly direction: Direction; readonly ms: number }
  | { readonly kind: 'duplicate'; readonly direction: Direction; readonly frame: number }
  /** One bit of its last byte is another. */
  | { readonly kind: 'corrupt'; readonly direction: Direction; readonly frame: number }
  /** The server closes with this code after that frame of its own. */
  | { readonly kind: 'close'; readonly code: number; readonly frame: number }
  /** The TCP connection is reset as soon as it is there; it is held without an answer; an HTTP status is the answer. */
  | { readonly kind: 'refuse' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'status'; readonly status: number }

export interface FaultProxy extends AsyncDisposable {
  readonly url: string
  /** Connections taken so far. */
  readonly connections: number
  /** Ends every connection there is, as a network does; new ones are refused for as long as `isDown`. */
  cut(): void
  isDown: boolean
  /** Resolves when the next connection has come. */
  nextConnection(): Promise<void>
}

/** A proxy between a bridge and an executor, on loopback, that does to the n-th connection (from 0) what `faultsOf(n)` says. */
export async function startFaultProxy(
  target: string,
  faultsOf: (connection: number) => readonly Fault[] = () => [],
): Promise<FaultProxy> {
  const { hostname, port } = new URL(target)
  const links = new Set<Link>()
  const arrivals: (() => void)[] = []
  let connections = 0
  let isDown = false
  const server = createServer((client) => {
    const faults = isDown ? [{ kind: 'refuse' } as const] : faultsOf(connections)
    if (!isDown) connections++
    for (const arrived of arrivals.splice(0)) arrived()
    const link = new Link(client, faults, () => connect(Number(port), hostname))
    links.add(link)
    client.on('close', () => links.delete(link))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => {
    for (const link of links) link.cut()
  }
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections
    },
    get isDown() {
      return isDown
    },
    set isDown(value) {
      isDown = value
    },
    cut,
    nextConnection: () => new Promise((resolve) => arrivals.push(resolve)),
    async [Symbol.asyncDispose]() {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}

/** One connection through the proxy. */
class Link {
  readonly #client: Socket
  readonly #faults: readonly Fault[]
  #server: Socket | undefined

  constructor(client: Socket, faults: readonly Fault[], dial: () => Socket) {
    this.#client = client
    this.#faults = faults
    client.setNoDelay(true).on('error', () => {})
    const entry = faults.find(({ kind }) => kind === 'refuse' || kind === 'hang' || kind === 'status')
    if (entry?.kind === 'refuse') client.resetAndDestroy()
    else if (entry?.kind === 'status')
      client.end(`HTTP/1.1 ${entry.status} Fault\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    else if (entry?.kind === 'hang') client.resume()
    else this.#join(dial())
  }

  /** Ends both ends without a word. */
  cut(): void {
    this.#client.destroy()
    this.#server?.destroy()
  }

  #join(server: Socket): void {
    this.#server = server
    server.setNoDelay(true).on('error', () => {})
    this.#pipe('up', this.#client, server)
    this.#pipe('down', server, this.#client)
    server.on('close', () => this.cut())
    this.#client.on('close', () => this.cut())
  }

  #pipe(direction: Direction, from: Socket, to: Socket): void {
    const splitter = new FrameSplitter()
    const faults = this.#faults.filter((fault) =>
      fault.kind === 'close' ? direction === 'down' : 'direction' in fault && fault.direction === direction,
    )
    const delay = faults.find(({ kind }) => kind === 'delay')
    let frame = 0
    let bytes = 0
    const send = (piece: Buffer) => {
      const limit = faults.find((fault) => fault.kind === 'cut-at-byte')
      const room = limit ? limit.bytes - bytes : piece.length
      bytes += piece.length
      to.write(piece.subarray(0, Math.max(0, room)))
      if (room < piece.length) to.end(() => this.cut())
    }
    const pass = (piece: { kind: 'head' | 'frame'; bytes: Buffer }) => {
      const isMessage = piece.kind === 'frame' && isDataFrame(piece.bytes)
      if (isMessage) frame++
      if (faults.some((fault) => fault.kind === 'silence' && frame >= fault.frame)) return
      const here = faults.filter((fault) => isMessage && 'frame' in fault && fault.frame === frame)
      const isCorrupt = here.some(({ kind }) => kind === 'corrupt')
      send(isCorrupt ? flipLastBit(piece.bytes) : piece.bytes)
      for (const fault of here) {
        if (fault.kind === 'duplicate') send(piece.bytes)
        if (fault.kind === 'close') send(closeFrame(fault.code))
        if (fault.kind === 'cut-after-frame') to.end(() => this.cut())
      }
    }
    from.on('data', (data) => {
      for (const piece of splitter.push(data))
        if (delay?.kind === 'delay') setTimeout(() => pass(piece), delay.ms)
        else pass(piece)
      if (to.writableNeedDrain) {
        from.pause()
        to.once('drain', () => from.resume())
      }
    })
  }
}

function flipLastBit(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length - 1]! ^= 1
  return copy
}
