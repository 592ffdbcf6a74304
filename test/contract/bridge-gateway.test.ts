import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dial } from '../../src/bridge/dial.ts'
import { joinExecutor } from '../../src/executor/join.ts'
import { Spool } from '../../src/executor/spool.ts'
import { deferred } from '../../src/util/deferred.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { bridgeOver } from './bridge.ts'
import { executorContract } from './executor.ts'

executorContract('BridgeClient through our gateway to our executor', async () => {
  const gateway = await startGatewayRig()
  const directory = await tempDirectory()
  const tokenFile = join(directory.path, 'token')
  await writeFile(tokenFile, gateway.joinToken('w', 'box'))
  const connected = deferred<string>()
  const spool = new Spool({ directory: join(directory.path, 'spool') })
  const executor = await joinExecutor({
    url: gateway.url,
    tokenFile,
    executor: { shared: { retainMs: 60_000, spool } },
    onConnected: connected.resolve,
  })
  await connected.promise
  const url = `${gateway.url.replace('http', 'ws')}/bridge/${gateway.exeId('w', 'box')}`
  const transport = await dial({ name: 'box', url, token: gateway.workspaceToken('w'), framing: 'relay' })
  return bridgeOver(transport, {
    async [Symbol.asyncDispose]() {
      await executor.close()
      await gateway[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  })
})
