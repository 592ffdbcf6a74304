import { dial } from '../../src/bridge/dial.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { startGateway } from '../support/gateway.ts'
import { bridgeOver } from './bridge.ts'
import type { ExecutorUnderTest } from './executor.ts'

/** Our executor, listening, a gateway of the tests that dials it, and a bridge that dials that in relay frames. */
export async function openOverRelay(): Promise<ExecutorUnderTest> {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  const token = 'secret'
  const gateway = await startGateway({ token, machines: [{ exeId: 'e1', name: 'box', url: server.url }] })
  const url = `${gateway.bridgeUrl}/e1`
  const transport = await dial({ name: 'box', url, token, framing: 'relay' })
  return bridgeOver(transport, {
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await server.close()
    },
  })
}
