import { LocalExecutor } from '../../src/executor/local.ts'
import { executorContract } from './executor.ts'

executorContract('LocalExecutor', async () => {
  const executor = new LocalExecutor()
  return { executor, [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose]() }
})
