import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { serveExecutor } from '../../src/executor/serve.ts'
import { Sessions } from '../../src/executor/sessions.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { startGateway } from '../support/gateway.ts'
import { type ExecutorUnderTest, executorContract } from './executor.ts'

const OVER = new BridgeError('unavailable', 'The test is over')

executorContract('BridgeClient in memory', async () => {
  const sessions = new Sessions()
  const [ours, theirs] = memoryPair()
  serveExecutor(theirs, sessions)
  return connect(ours, sessions)
})

executorContract('BridgeClient over a WebSocket with text frames', async () => {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  const transport = await dial({ name: 'box', url: server.url, framing: 'text' })
  return connect(transport, { [Symbol.asyncDispose]: () => server.close() })
})

executorContract('BridgeClient over a WebSocket with relay frames', async () => {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  const token = 'secret'
  const gateway = await startGateway({ token, machines: [{ exeId: 'e1', name: 'box', url: server.url }] })
  const url = `${gateway.bridgeUrl}/e1`
  const transport = await dial({ name: 'box', url, token, framing: 'relay' })
  return connect(transport, {
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await server.close()
    },
  })
})

async function connect(transport: Transport, server: AsyncDisposable): Promise<ExecutorUnderTest> {
  const executor = await BridgeClient.open(transport, { name: 'box' })
  return {
    executor,
    async [Symbol.asyncDispose]() {
      await executor.close(OVER)
      await server[Symbol.asyncDispose]()
    },
  }
}
