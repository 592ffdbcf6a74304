import { describe, expect, it } from 'vitest'
import type { Rig } from './rig.ts'

/** A shell that waits in a way that a trap ends at once, with a child of its own in its group. */
const TRAPPED = (signal: string) => `
  sh -c 'trap "echo child" ${signal}; echo ready-child; sleep 1000 & wait; exit' &
  trap 'echo leader; wait; exit 42' ${signal}
  echo ready-leader
  wait`

export function endingContract(rig: () => Rig): void {
  describe('signal', () => {
    for (const signal of ['INT', 'TERM', 'HUP'] as const)
      it(`brings ${signal} to the process and its group`, async ({ skip }) => {
        skip(!rig().executor.features.signals.includes(signal))
        const process = await rig().start(['bash', '-c', TRAPPED(signal)])
        await process.says('ready-child')
        await process.says('ready-leader')
        await rig().executor.signal(process.id, signal)
        await process.says('leader')
        // What a shell starts in the background does not hear INT.
        if (signal !== 'INT') await process.says('child\n')
      })

    it('kills with KILL', async ({ skip }) => {
      skip(!rig().executor.features.signals.includes('KILL'))
      const process = await rig().driven()
      await rig().executor.signal(process.id, 'KILL')
      expect((await process.end()).exitCode).toBe(137)
    })

    it('refuses a signal it has not', async ({ skip }) => {
      skip(rig().executor.features.signals.includes('HUP'))
      const process = await rig().driven()
      await expect(rig().executor.signal(process.id, 'HUP')).rejects.toMatchObject({ code: 'conflict' })
    })

    it('is fine when the process is over', async ({ skip }) => {
      const [signal] = rig().executor.features.signals
      skip(!signal)
      const process = await rig().start(['true'])
      await process.end()
      await rig().executor.signal(process.id, signal!)
    })
  })

  describe('the exit code', () => {
    it('is 128 + n after signal n, where the executor tells', async () => {
      for (const [name, code] of [
        ['TERM', 143],
        ['KILL', 137],
      ] as const) {
        const { exitCode } = await (await rig().sh(`kill -${name} $$`)).end()
        expect([code, -1]).toContain(exitCode)
      }
    })
  })

  describe('terminate', () => {
    it('kills the process and its group at once, whatever they would do about it', async () => {
      const script = `trap 'echo trapped' TERM INT HUP; sh -c 'trap "" TERM; sleep 1000' & sleep 1000 & echo ready; wait`
      const process = await rig().sh(script)
      await process.says('ready')
      expect(await rig().executor.terminate(process.id)).toBe(true)
      const { output, exitCode } = await process.end()
      expect(output).toBe('ready\n')
      expect([137, -1]).toContain(exitCode)
      await expect.poll(() => rig().running(), { timeout: 2000, interval: 5 }).toEqual([])
    })

    it('says that the process was not running', async () => {
      const process = await rig().start(['true'])
      await process.end()
      expect(await rig().executor.terminate(process.id)).toBe(false)
      expect(await rig().executor.terminate('nobody')).toBe(false)
    })

    it('closes the output soon, even when somebody beyond the group holds it', async () => {
      const process = await rig().sh("setsid sh -c 'echo ready; sleep 1000' & wait")
      await process.says('ready')
      await rig().executor.terminate(process.id)
      await process.end()
      // It survives, since it left: the test ends it.
      rig().killAll()
    })

    it('comes through while the process neither reads nor is read', async () => {
      const process = await rig().sh('yes', { pipeStdin: true })
      await process.readUntil(({ chunks }) => chunks.length > 0)
      expect(await rig().executor.terminate(process.id)).toBe(true)
      await process.end()
    })
  })
}
