import { describe, expect, it } from 'vitest'
import { startExecutorProcess } from '../../src/cli/executor-process.ts'

describe('startExecutorProcess', () => {
  it('tells why one could not be started, and is stopped all the same', async () => {
    const paths = { node: '/no/such/node', program: 'dist/bin.js' }
    const executor = startExecutorProcess(paths, { directory: '/', flags: [] })
    expect(await executor.ended).toMatch(/\/no\/such\/node/)
    await expect(executor.firstLine).rejects.toThrow('The executor ended before it was ready')
    await executor.stop()
  })
})
