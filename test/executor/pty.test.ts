import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LocalExecutor } from '../../src/executor/local.ts'
import { loadNative } from '../../src/executor/pty.ts'
import { StartedProcess } from '../contract/executor/started-process.ts'

let executor: LocalExecutor

beforeAll(() => {
  executor = new LocalExecutor()
})
afterAll(async () => {
  await executor[Symbol.asyncDispose]()
})

let count = 0

async function start(script: string): Promise<StartedProcess> {
  const processId = `p${count++}`
  const argv = ['/bin/sh', '-c', script]
  await executor.start({ processId, argv, cwd: '/tmp', env: {}, tty: true, pipeStdin: false })
  return new StartedProcess(executor, processId)
}

const isInstalled = await loadNative().then(
  () => true,
  () => false,
)

describe.runIf(isInstalled)('a terminal of ours', () => {
  // libuv took the first short read after the hang-up for the end, and up to 16 KiB were lost in two runs of five.
  it('loses nothing of what a program writes just before it ends', async () => {
    for (let round = 0; round < 5; round++) {
      const { output } = await (await start('seq 1 100000')).end()
      expect(output.endsWith('\r\n100000\r\n')).toBe(true)
      expect(output.length).toBe(688_895)
    }
  })

  it('holds a program back whose output nobody reads, and loses nothing', async () => {
    const process = await start('seq 1 600000')
    await expect.poll(() => executor.child(process.id)?.output.size).toBeGreaterThan(1024 * 1024)
    expect(executor.child(process.id)?.isRunning).toBe(true)
    const { output, droppedBytes } = await process.end()
    expect(droppedBytes).toBe(0)
    expect(output.length).toBe(4_088_895 + 600_000)
  })

  // A write through a stream of Node stood still, and all of Node with it, until the program read.
  it('does not wait for a program that does not read its keys', async () => {
    const process = await start('stty raw -echo; echo ready; sleep 1000')
    await process.says('ready')
    const writes = Array.from({ length: 10 }, () => executor.write(process.id, Buffer.alloc(100_000, 'x')))
    const outcomes = Promise.allSettled(writes)
    // It lives: another process is started and read.
    expect((await (await start('echo meanwhile')).end()).output).toBe('meanwhile\r\n')
    expect(await executor.terminate(process.id)).toBe(true)
    await outcomes
    await process.end()
  })

  it('brings all keys to a program that reads slowly', async () => {
    const keys = Buffer.alloc(1_000_000, 'x')
    const process = await start(`stty raw -echo; echo ready; head -c ${keys.length} | md5sum`)
    await process.says('ready')
    await executor.write(process.id, keys)
    expect((await process.end()).output).toContain(createHash('md5').update(keys).digest('hex'))
  })

  it('has no input that could be ended', async () => {
    const process = await start('read -r line')
    await expect(executor.closeStdin(process.id)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('^D'),
    })
    await executor.terminate(process.id)
    await process.end()
  })

  // It has no group of its own yet then, and the signal went to nobody: the program ran on.
  it('ends a program that was started this moment', async () => {
    for (let round = 0; round < 10; round++) {
      const process = await start('read -r line')
      expect(await executor.terminate(process.id)).toBe(true)
      expect((await process.end()).exitCode).toBe(137)
    }
  })

  it('tells the exit while something else holds it', async () => {
    const process = await start('trap "" HUP; (read -r line </tmp; sleep 1000) & exit 4')
    expect(await process.readUntil(({ exited }) => exited)).toMatchObject({ exitCode: 4, closed: false })
    await executor.terminate(process.id)
    await process.end()
  })
})

describe('without the package', () => {
  it('says which is missing, and what to do', async () => {
    await expect(loadNative('no-such-package')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/^Cannot make a terminal .*"no-such-package" .*tty: false/),
    })
    await expect(loadNative('ws')).rejects.toMatchObject({ code: 'conflict' })
  })
})
