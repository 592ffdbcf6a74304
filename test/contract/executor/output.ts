import { writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Rig } from './rig.ts'

export function outputContract(rig: () => Rig): void {
  describe('read', () => {
    it('gives the output in the order it came, with the stream it came on', async () => {
      const process = await rig().driven()
      for (const [line, text] of [
        ['echo one', 'one'],
        ['echo two >&2', 'two'],
        ['echo three', 'three'],
      ] as const) {
        await process.tell(line)
        await process.says(text)
      }
      await process.tell('exit 0')
      expect((await process.end()).output).toBe('one\ntwo\nthree\n')
      expect(process.chunks.map(({ stream }) => stream)).toEqual(['stdout', 'stderr', 'stdout'])
    })

    it('numbers what comes, from 1 on, without a hole in the output', async () => {
      const process = await rig().sh('seq 1 100000; exit 3')
      const { exitCode } = await process.end()
      const seqs = process.chunks.map(({ seq }) => seq)
      expect(exitCode).toBe(3)
      expect(seqs[0]).toBe(1)
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
      // The exit has one of the numbers, and may lie before the last output.
      expect(seqs.at(-1)! - seqs.length).toBeLessThanOrEqual(1)
    })

    it('answers at once when it is not to wait', async () => {
      const process = await rig().driven()
      expect(await process.read(0)).toMatchObject({ chunks: [], lastSeq: 0, exited: false, closed: false })
    })

    it('waits for output, and only for as long as it was told', async () => {
      const process = await rig().driven()
      expect(await process.read(10)).toMatchObject({ chunks: [], exited: false })
      const waiting = process.read(60_000)
      await process.tell('printf here')
      const { chunks } = await waiting
      expect(Buffer.from(chunks[0]!.bytes).toString()).toBe('here')
    })

    it('waits for the end too', async () => {
      const process = await rig().driven()
      const waiting = process.readUntil(({ closed }) => closed)
      await process.tell('exit 7')
      expect(await waiting).toMatchObject({ exited: true, exitCode: 7, closed: true })
    })

    it('goes on after the cursor', async () => {
      const process = await rig().driven()
      await process.tell('echo first')
      await process.says('first')
      await process.tell('echo second')
      const { chunks } = await process.readUntil(({ chunks }) => chunks.length > 0)
      expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).toString()).toBe('second\n')
    })

    it('answers again and again when all is over', async () => {
      const process = await rig().sh('exit 4')
      await process.end()
      for (const waitMs of [0, 60_000])
        expect(await process.read(waitMs)).toMatchObject({
          chunks: [],
          exited: true,
          exitCode: 4,
          closed: true,
        })
    })

    it('ends at once when its signal aborts', async () => {
      const process = await rig().driven()
      const controller = new AbortController()
      const options = { signal: controller.signal }
      const waiting = rig().executor.read(process.id, { afterSeq: 0, waitMs: 60_000 }, options)
      const outcome = expect(waiting).rejects.toMatchObject({ message: 'enough' })
      controller.abort(new Error('enough'))
      await outcome
      await process.tell('echo still there')
      await process.says('still there')
    })

    it('rejects for a process that is not known', async () => {
      const read = rig().executor.read('nobody', { afterSeq: 0, waitMs: 0 })
      await expect(read).rejects.toMatchObject({ code: 'not_found' })
    })

    it('gives 20 MB whole and in order', async () => {
      const expected = numberedLines(20_000_000)
      writeFileSync(rig().path('lines'), expected)
      const { bytes, droppedBytes } = await (await rig().start(['cat', 'lines'])).end()
      expect(droppedBytes).toBe(0)
      expect(bytes.equals(expected)).toBe(true)
    })

    it('gives bytes as they are', async () => {
      const { bytes } = await (await rig().sh("printf '\\000\\377\\303(\\r\\n'")).end()
      expect([...bytes]).toEqual([0, 255, 0xc3, 0x28, 13, 10])
    })
  })

  describe('exited and closed', () => {
    it('tells the exit while a child of it still holds the output', async () => {
      const process = await rig().sh('mkfifo go; { read -r line <go; echo late; } & echo early; exit 6')
      const left = await process.readUntil(({ exited }) => exited)
      expect(left).toMatchObject({ exitCode: 6, closed: false })
      await process.says('early')
      await (await rig().sh('echo >go')).end()
      expect(await process.end()).toMatchObject({ exitCode: 6, output: 'early\nlate\n' })
    })

    it('does not take a closed output for the end', async () => {
      const process = await rig().driven()
      await process.tell('exec >&- 2>&-')
      await process.tell(': >done')
      await rig().sees('done')
      await rig().executor.sync(process.id)
      expect(await process.read(0)).toMatchObject({ exited: false, closed: false })
      await process.tell('exit 9')
      expect((await process.end()).exitCode).toBe(9)
    })
  })

  describe('sync', () => {
    beforeEach(({ skip }) => skip(rig().readsLate))

    it('brings in what was written before it was asked', async () => {
      const process = await rig().driven()
      for (let round = 0; round < 10; round++) {
        await process.tell(`echo round ${round}; : >done-${round}`)
        await rig().sees(`done-${round}`)
        await rig().executor.sync(process.id)
        await process.read(0)
        expect(process.output).toContain(`round ${round}\n`)
      }
    })

    it('brings in what a process wrote that has ended', async () => {
      const process = await rig().sh('seq 1 5000; : >done')
      await rig().sees('done')
      await rig().executor.sync(process.id)
      await process.read(0)
      expect(process.output).toMatch(/\n5000\n$/)
    })
  })

  describe('forget', () => {
    it('drops what is kept of a process, and leaves it running', async () => {
      const process = await rig().sh('mkfifo go; echo here; read -r line <go; : >done')
      await process.says('here')
      rig().executor.forget(process.id)
      await expect(process.read(0)).rejects.toMatchObject({ code: 'not_found' })
      expect(rig().running().length).toBeGreaterThan(0)
      await (await rig().sh('echo >go')).end()
      await rig().sees('done')
    })

    it('is fine with ids that are not known', () => {
      expect(() => rig().executor.forget('nobody')).not.toThrow()
    })
  })
}

/** So many bytes, no two lines alike. */
function numberedLines(byteLength: number): Buffer {
  const lines = Array.from({ length: byteLength / 40 }, (_, n) => `${String(n).padStart(39, ' and more ')}\n`)
  return Buffer.from(lines.join(''), 'latin1')
}
