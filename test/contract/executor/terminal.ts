import { beforeEach, describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import type { Rig } from './rig.ts'

export function terminalContract(rig: () => Rig): void {
  describe('a terminal', () => {
    beforeEach(async ({ skip }) => skip(await lacksTerminals(rig())))

    it('is one to the program, and shows both its outputs', async () => {
      const process = await rig().sh('test -t 0 && test -t 1 && test -t 2 && echo yes; echo no >&2', {
        tty: true,
      })
      const { output, exitCode } = await process.end()
      expect(output).toBe('yes\r\nno\r\n')
      expect(exitCode).toBe(0)
      expect(new Set(process.chunks.map(({ stream }) => stream))).toEqual(new Set(['pty']))
    })

    it('has 24 rows of 80, or the size asked for', async ({ skip }) => {
      expect((await (await rig().sh('stty size', { tty: true })).end()).output).toBe('24 80\r\n')
      skip(!rig().executor.features.ttySize)
      const size = { cols: 132, rows: 50 }
      expect((await (await rig().sh('stty size', { tty: true, size })).end()).output).toBe('50 132\r\n')
    })

    it('changes its size while the program runs, and the program hears of it', async ({ skip }) => {
      skip(!rig().executor.features.resize)
      const script = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.01; done"
      const process = await rig().start(['bash', '-c', script], { tty: true })
      await process.says('24 80')
      await rig().executor.resize(process.id, { cols: 100, rows: 40 })
      expect((await process.end()).output).toBe('24 80\r\n40 100\r\n')
      const plain = await rig().sh('read -r line', { pipeStdin: true })
      const resized = rig().executor.resize(plain.id, { cols: 100, rows: 40 })
      await expect(resized).rejects.toMatchObject({ code: 'conflict' })
      await rig().executor.terminate(plain.id)
    })

    it('takes keys: a line, ^C and ^D', async () => {
      // noflsh: otherwise the kernel throws away what is written while it flushes the terminal for a ^C. exec: no shell is
      // left between the ^C and cat, which could take it for itself.
      const run = `sh -c 'echo "got $0"; exec cat' "$line"`
      const script = `stty noflsh; trap 'echo interrupted' INT; read -r line; ${run}; echo over`
      const process = await rig().start(['bash', '-c', script], { tty: true })
      await rig().executor.write(process.id, Buffer.from('text\n'))
      await process.says('got text')
      await rig().executor.write(process.id, Buffer.from('\x03'))
      await process.says('interrupted')
      await process.says('over')
      const other = await rig().sh('cat; echo over', { tty: true })
      await rig().executor.write(other.id, Buffer.from('text\n\x04'))
      await other.says('over')
    })

    it('shows all of a long output', async () => {
      const { output } = await (await rig().sh('seq 1 30000', { tty: true })).end()
      expect(output).toBe(Array.from({ length: 30_000 }, (_, n) => `${n + 1}\r\n`).join(''))
    })

    it('says what is missing before anything is shown', async () => {
      const start = (argv: readonly string[], cwd: string) =>
        rig().executor.start(rig().request(argv, { tty: true, cwd }))
      await expect(start(['no-such-program'], rig().directory)).rejects.toMatchObject({ code: 'not_found' })
      await expect(start(['true'], rig().path('missing'))).rejects.toMatchObject({ code: 'not_found' })
    })

    it('ends with all that runs on it', async () => {
      const process = await rig().sh('sleep 1000 & sleep 1000 & echo ready; wait', { tty: true })
      await process.says('ready')
      expect(await rig().executor.terminate(process.id)).toBe(true)
      await process.end()
    })
  })
}

/** The package that makes terminals is optional. */
async function lacksTerminals(rig: Rig): Promise<boolean> {
  try {
    await (await rig.start(['true'], { tty: true })).end()
    return false
  } catch (error) {
    if (error instanceof BridgeError && error.message.includes('@lydell/node-pty')) return true
    throw error
  }
}
