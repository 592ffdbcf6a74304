import { makeBounds } from '../../src/executor/bounds.ts'
import { LocalExecutor } from '../../src/executor/local.ts'
import { executorContract } from './executor.ts'

// The whole machine as the root: every path is walked part by part, and nothing may be different by that.
executorContract('LocalExecutor whose files are confined', async () => {
  const executor = new LocalExecutor({ bounds: await makeBounds({ root: '/', isReadOnly: false }) })
  return { executor, [Symbol.asyncDispose]: () => executor[Symbol.asyncDispose]() }
})
