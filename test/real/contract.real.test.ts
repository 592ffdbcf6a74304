import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { executorContract } from '../contract/executor.ts'
import { CODEX_VERSIONS, type CodexVersion } from './support/codex.ts'
import { startExecServer } from './support/exec-server.ts'

for (const version of CODEX_VERSIONS)
  executorContract(`BridgeClient to codex exec-server ${version}`, () => bridgeTo(version))

async function bridgeTo(version: CodexVersion) {
  const server = await startExecServer(version)
  const transport = await dial({ name: version, url: server.url, framing: 'text' })
  const executor = await BridgeClient.open(transport, { name: version })
  return {
    executor,
    async [Symbol.asyncDispose]() {
      await executor.close(new BridgeError('canceled', 'The test is over'))
      await server[Symbol.asyncDispose]()
    },
  }
}
