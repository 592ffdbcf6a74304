import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { StartRequest } from '../../../src/protocol/executor.ts'
import type { Rig } from './rig.ts'

export function startContract(rig: () => Rig): void {
  describe('start', () => {
    it('runs a program with its arguments as they are', async () => {
      const words = ['', ' a  b ', '"quoted\'', 'line\nbreak', '$HOME `x` \\', '☃ü', '-n', '*']
      const process = await rig().start(['printf', '<%s>', ...words])
      expect(await process.end()).toMatchObject({
        exitCode: 0,
        output: words.map((word) => `<${word}>`).join(''),
      })
    })

    it('works in the directory it is told', async () => {
      const names = ['with space', 'quo\'te"s', 'new\nline', 'ü☃', '50% #1?']
      for (const name of names) {
        await mkdir(rig().path(name))
        const { output } = await (await rig().start(['pwd'], { cwd: rig().path(name) })).end()
        expect(output).toBe(`${rig().path(name)}\n`)
      }
    })

    it("gives the executor's own environment, and what the call adds", async () => {
      const env = { ADDED: 'a "b"\n☃', HOME: '/changed' }
      const { output } = await (await rig().sh('echo "$ADDED|$HOME"; ls /', { env })).end()
      expect(output).toMatch(/^a "b"\n☃\|\/changed\n(.*\n)+$/)
    })

    it('tells the exit code', async () => {
      for (const code of [0, 1, 77, 255])
        expect((await (await rig().sh(`exit ${code}`)).end()).exitCode).toBe(code)
    })

    it('runs many at the same time', async () => {
      const processes = await Promise.all(Array.from({ length: 20 }, (_, n) => rig().sh(`echo ${n}`)))
      const ends = await Promise.all(processes.map((process) => process.end()))
      expect(ends.map(({ output }) => output)).toEqual(processes.map((_, n) => `${n}\n`))
    })

    it('refuses an id that is taken', async () => {
      const process = await rig().driven()
      const again = rig().executor.start(rig().request(['true'], { processId: process.id }))
      await expect(again).rejects.toMatchObject({ code: 'conflict' })
      await process.tell('exit 5')
      expect((await process.end()).exitCode).toBe(5)
    })

    it('leaves nothing behind when it was given up before', async () => {
      const reason = new Error('enough')
      const request = rig().request(['sleep', '1000'])
      const started = rig().executor.start(request, { signal: AbortSignal.abort(reason) })
      await expect(started).rejects.toMatchObject({ message: 'enough' })
      await expect.poll(() => rig().running(), { timeout: 2000, interval: 5 }).toEqual([])
    })
  })

  describe('start, when it cannot', () => {
    const refusal = async (argv: readonly string[], options: Partial<StartRequest> = {}) => {
      const request = rig().request(argv, options)
      const error = await rig()
        .executor.start(request)
        .catch((reason: unknown) => reason)
      await expect(rig().executor.read(request.processId, { afterSeq: 0, waitMs: 0 })).rejects.toThrow()
      return error
    }

    it('says that there is no such program', async () => {
      expect(await refusal(['no-such-program'])).toMatchObject({
        code: 'not_found',
        message: expect.stringMatching(/^Cannot start "no-such-program": no .* PATH/),
      })
      expect(await refusal(['./missing.sh'])).toMatchObject({
        code: 'not_found',
        message: expect.stringMatching(/^Cannot start ".\/missing.sh": no such file/),
      })
    })

    it('says that there is no such directory', async () => {
      const cwd = rig().path('missing')
      expect(await refusal(['true'], { cwd })).toMatchObject({
        code: 'not_found',
        message: expect.stringContaining(JSON.stringify(cwd)),
      })
    })

    it('says that the directory is none', async () => {
      await writeFile(rig().path('file'), '')
      expect(await refusal(['true'], { cwd: rig().path('file') })).toMatchObject({
        code: 'not_found',
        message: expect.stringMatching(/file" is not a directory/),
      })
    })

    it('says that the program may not be executed', async () => {
      await writeFile(rig().path('text'), 'not a program')
      await chmod(rig().path('text'), 0o644)
      expect(await refusal(['./text'])).toMatchObject({
        code: 'denied',
        message: expect.stringContaining('permission denied'),
      })
    })

    it('refuses what cannot be said to a system', async () => {
      expect(await refusal([])).toMatchObject({ code: 'invalid_input' })
      expect(await refusal(['echo', 'a\0b'])).toMatchObject({ code: 'invalid_input' })
      expect(await refusal(['echo'], { env: { A: '\0' } })).toMatchObject({ code: 'invalid_input' })
      expect(await refusal(['echo', '\ud800'])).toMatchObject({ code: 'invalid_input' })
      expect(await refusal(['true'], { cwd: 'relative' })).toMatchObject({ code: 'invalid_input' })
      expect(await refusal(['true'], { cwd: '/tmp\0' })).toMatchObject({ code: 'invalid_input' })
    })

    it('refuses more arguments than the system takes', async () => {
      expect(await refusal(['true', 'x'.repeat(4 * 1024 * 1024)])).toMatchObject({ code: 'invalid_input' })
    })
  })
}
