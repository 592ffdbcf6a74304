import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/**
 * Tells whether a process that some program was asked to start lives: it holds a connection as long as it does.
 */
export interface LifeLine extends AsyncDisposable {
  /** A command, as argv, that connects here and lives until it is killed. */
  readonly argv: readonly string[]
  /** Resolves when the command runs; then with when it is gone. */
  readonly begun: Promise<{ gone: Promise<unknown> }>
}

export async function openLifeLine(): Promise<LifeLine> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  const begun = once(server, 'connection').then(([socket]: Socket[]) => {
    sockets.push(socket!)
    socket!.resume().on('error', () => {})
    return { gone: once(socket!, 'close') }
  })
  return {
    argv: [process.execPath, '-e', `require('node:net').connect(${port}, '127.0.0.1')`],
    begun,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
