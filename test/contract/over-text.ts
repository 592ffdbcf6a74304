import { dial } from '../../src/bridge/dial.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { bridgeOver } from './bridge.ts'
import type { ExecutorUnderTest } from './executor.ts'

/** Our executor, listening, and a bridge that dials it. */
export async function openOverText(): Promise<ExecutorUnderTest> {
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  const transport = await dial({ name: 'box', url: server.url, framing: 'text' })
  return bridgeOver(transport, { [Symbol.asyncDispose]: () => server.close() })
}
