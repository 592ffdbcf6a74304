import { BridgeClient } from '../../src/bridge/client.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import type { ExecutorUnderTest } from './executor.ts'

/** A bridge over a transport, and what is to be ended after it. */
export async function bridgeOver(transport: Transport, server: AsyncDisposable): Promise<ExecutorUnderTest> {
  const executor = await BridgeClient.open(transport, { name: 'box' })
  return {
    executor,
    async [Symbol.asyncDispose]() {
      await executor.close(new BridgeError('unavailable', 'The test is over'))
      await server[Symbol.asyncDispose]()
    },
  }
}
