import { describe, expect, it } from 'vitest'
import type { Rig } from './rig.ts'

export function inputContract(rig: () => Rig): void {
  describe('write', () => {
    it('writes exactly once and in order, also when nobody waits in between', async () => {
      const { executor } = rig()
      const process = await rig().start(['head', '-n', '500'], { pipeStdin: true })
      const lines = Array.from({ length: 500 }, (_, n) => `line ${n}\n`)
      await Promise.all(lines.map((line) => executor.write(process.id, Buffer.from(line))))
      expect(await process.end()).toMatchObject({ exitCode: 0, output: lines.join('') })
    })

    it('brings a large input in whole', async () => {
      const bytes = Buffer.alloc(3_000_000, '0123456789abcdef\n')
      const process = await rig().start(['head', '-c', String(bytes.length)], { pipeStdin: true })
      const [, ended] = await Promise.all([rig().executor.write(process.id, bytes), process.end()])
      expect(ended.bytes.equals(bytes)).toBe(true)
    })

    it('takes its time while the process does not read, and disturbs no other', async () => {
      const total = 4 * 1024 * 1024
      const script = `mkfifo go; : >ready; read -r line <go; head -c ${total} | wc -c`
      const process = await rig().sh(script, { pipeStdin: true })
      await rig().sees('ready')
      const written = rig().executor.write(process.id, Buffer.alloc(total))
      expect((await (await rig().sh('echo meanwhile')).end()).output).toBe('meanwhile\n')
      await (await rig().sh('echo >go')).end()
      await written
      expect((await process.end()).output.trim()).toBe(String(total))
    })

    it('gives up at once when its signal aborts, and can be terminated', async () => {
      const process = await rig().sh('mkfifo go; read -r line <go', { pipeStdin: true })
      const controller = new AbortController()
      const options = { signal: controller.signal }
      const writes = Array.from({ length: 4 }, () =>
        rig().executor.write(process.id, Buffer.alloc(1024 * 1024), options),
      )
      const outcomes = Promise.allSettled(writes)
      controller.abort(new Error('enough'))
      const rejected = (await outcomes).filter(({ status }) => status === 'rejected')
      for (const { reason } of rejected as PromiseRejectedResult[]) expect(reason.message).toBe('enough')
      expect(await rig().executor.terminate(process.id)).toBe(true)
    })

    it('refuses when the process was started without an input', async () => {
      const process = await rig().sh('mkfifo go; read -r line <go')
      const write = rig().executor.write(process.id, Buffer.from('x'))
      await expect(write).rejects.toMatchObject({ code: 'conflict' })
    })

    it('refuses when the process is over', async () => {
      const process = await rig().start(['true'], { pipeStdin: true })
      await process.end()
      const write = rig().executor.write(process.id, Buffer.from('x'))
      await expect(write).rejects.toMatchObject({ code: 'conflict' })
    })

    it('rejects for a process that is not known', async () => {
      const write = rig().executor.write('nobody', Buffer.from('x'))
      await expect(write).rejects.toMatchObject({ code: 'not_found' })
    })
  })

  describe('the input', () => {
    it('is empty without pipeStdin', async () => {
      expect(await (await rig().sh('cat; echo over')).end()).toMatchObject({ output: 'over\n' })
    })
  })

  describe('closeStdin', () => {
    it('ends the input after all that was written', async ({ skip }) => {
      skip(!rig().executor.features.closeStdin)
      const process = await rig().sh('cat; echo over', { pipeStdin: true })
      const write = rig().executor.write(process.id, Buffer.from('text\n'))
      await Promise.all([write, rig().executor.closeStdin(process.id)])
      expect(await process.end()).toMatchObject({ exitCode: 0, output: 'text\nover\n' })
    })

    it('leaves nothing to write to', async ({ skip }) => {
      skip(!rig().executor.features.closeStdin)
      const process = await rig().sh('mkfifo go; read -r line <go', { pipeStdin: true })
      await rig().executor.closeStdin(process.id)
      const write = rig().executor.write(process.id, Buffer.from('x'))
      await expect(write).rejects.toMatchObject({ code: 'conflict' })
    })

    it('is refused where it cannot be done', async ({ skip }) => {
      skip(rig().executor.features.closeStdin)
      const process = await rig().driven()
      await expect(rig().executor.closeStdin(process.id)).rejects.toMatchObject({ code: 'conflict' })
    })
  })
}
