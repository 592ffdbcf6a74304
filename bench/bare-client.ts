import { once } from 'node:events'
import { WebSocket } from 'ws'

/** The least a client of an exec-server can do: one socket, one command at a time. */
export interface BareClient extends AsyncDisposable {
  /** Starts `true` and waits for its exit. */
  runTrue(): Promise<void>
}

/** Connects and says hello. `pongs`: answer each message with a pong, as we do. */
export async function openBareClient(url: string, options: { pongs: boolean }): Promise<BareClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await once(socket, 'open')
  const send = (message: object) => socket.send(JSON.stringify(message))
  let onMessage: (message: { id?: number; method?: string }) => void = () => {}
  socket.on('message', (data) => {
    if (options.pongs) socket.pong()
    onMessage(JSON.parse(String(data)))
  })
  const until = (wanted: (message: { id?: number; method?: string }) => boolean) =>
    new Promise<void>((resolve) => {
      onMessage = (message) => wanted(message) && resolve()
    })
  const ready = until((message) => message.id === 0)
  send({ id: 0, method: 'initialize', params: { clientName: 'bench' } })
  await ready
  send({ method: 'initialized', params: {} })
  let count = 0
  return {
    async runTrue() {
      const exited = until((message) => message.method === 'process/exited')
      const params = {
        processId: `p${++count}`,
        argv: ['true'],
        cwd: 'file:///',
        env: {},
        tty: false,
        arg0: null,
      }
      send({ id: count, method: 'process/start', params })
      await exited
    },
    async [Symbol.asyncDispose]() {
      socket.terminate()
    },
  }
}
