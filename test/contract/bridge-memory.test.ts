import { serveExecutor } from '../../src/executor/serve.ts'
import { Sessions } from '../../src/executor/sessions.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import { bridgeOver } from './bridge.ts'
import { executorContract } from './executor.ts'

executorContract('BridgeClient in memory', () => {
  const sessions = new Sessions()
  const [ours, theirs] = memoryPair()
  serveExecutor(theirs, sessions)
  return bridgeOver(ours, sessions)
})
