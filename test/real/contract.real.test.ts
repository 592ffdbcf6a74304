import { dial } from '../../src/bridge/dial.ts'
import { bridgeOver } from '../contract/bridge.ts'
import { executorContract } from '../contract/executor.ts'
import { CODEX_VERSIONS, type CodexVersion } from './support/codex.ts'
import { startExecServer } from './support/exec-server.ts'

for (const version of CODEX_VERSIONS)
  executorContract(`BridgeClient to codex exec-server ${version}`, () => bridgeTo(version))

async function bridgeTo(version: CodexVersion) {
  const server = await startExecServer(version)
  const transport = await dial({ name: version, url: server.url, framing: 'text' })
  return { ...(await bridgeOver(transport, server)), readsLate: true }
}
