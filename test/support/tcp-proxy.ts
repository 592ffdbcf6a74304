import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A network between a machine and a gateway, byte for byte. Disposing cuts what is connected. */
export class TcpProxy implements AsyncDisposable {
  readonly port: number
  /** Bytes that came from where it leads to, since somebody set it to 0. */
  down = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** Leads to a port of this machine. */
  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, targetPort)
  }

  private constructor(server: Server, targetPort: number) {
    this.port = (server.address() as AddressInfo).port
    this.#server = server
    server.on('connection', (near) => {
      const far = connect(targetPort, '127.0.0.1')
      far.on('data', ({ length }: Buffer) => {
        this.down += length
      })
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket
          .on('error', () => {})
          .on('close', () => {
            this.#sockets.delete(socket)
            // What was said before the end still arrives.
            other.destroySoon()
          })
        socket.pipe(other)
      }
    })
  }

  /** Ends every connection there is, as a network does. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.cut()
    await closed
  }
}
