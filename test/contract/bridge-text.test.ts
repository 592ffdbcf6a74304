import { dial } from '../../src/bridge/dial.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { bridgeOver } from './bridge.ts'
import { executorContract } from './executor.ts'

executorContract('BridgeClient over a WebSocket with text frames', async () => {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  const transport = await dial({ name: 'box', url: server.url, framing: 'text' })
  return bridgeOver(transport, { [Symbol.asyncDispose]: () => server.close() })
})
