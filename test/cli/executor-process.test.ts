import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startExecutorProcess } from '../../src/cli/executor-process.ts'
import { tempDirectory } from '../support/temp-directory.ts'

describe('startExecutorProcess', () => {
  it('tells why one could not be started, and is stopped all the same', async () => {
    const paths = { node: '/no/such/node', program: 'dist/bin.js' }
    const executor = startExecutorProcess(paths, { directory: '/', flags: [] })
    expect(await executor.ended).toMatch(/\/no\/such\/node/)
    await expect(executor.firstLine).rejects.toThrow('The executor ended before it was ready')
    await executor.stop()
  })

  it('kills one that does not end in time', async () => {
    await using directory = await tempDirectory()
    const program = join(directory.path, 'deaf.mjs')
    await writeFile(program, 'console.log("here"); setInterval(() => {}, 1000)')
    const paths = { node: process.execPath, program }
    const executor = startExecutorProcess(paths, { directory: '/', flags: [], graceMs: 20 })
    expect(await executor.firstLine).toBe('here')
    await executor.stop()
    expect(await executor.ended).toBe('SIGKILL')
  })
})
