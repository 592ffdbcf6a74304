import { describe, expect, it } from 'vitest'
import type { StartRequest } from '../../src/protocol/executor.ts'
import { pump } from '../../src/tools/pump.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'

const REQUEST: StartRequest = { processId: 'p', argv: ['x'], cwd: '/', env: {}, tty: false, pipeStdin: false }

/** A pump on a scripted process, and what it has told so far. */
async function pumping() {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock)
  await executor.start(REQUEST)
  const told: string[] = []
  const sink = {
    take: ({ chunks }: { chunks: readonly { bytes: Uint8Array }[] }) =>
      chunks.forEach(({ bytes }) => void told.push(Buffer.from(bytes).toString())),
    over: (isHeld: boolean) => void told.push(isHeld ? '(held)' : '(closed)'),
  }
  const controller = new AbortController()
  const end = pump(executor, 'p', sink, controller.signal).catch(
    (reason: Error) => void told.push(reason.message),
  )
  await settled()
  return { clock, process: executor.last, told, end, controller }
}

describe('pump', () => {
  it('reads to the close, whatever the exit code', async () => {
    const { process, told, end } = await pumping()
    process.emit('a').emit('b').exit(1).emit('late').close()
    await end
    expect(told).toEqual(['a', 'b', 'late', '(closed)'])
  })

  it('waits for as long as the process runs', async () => {
    const { clock, process, told, end } = await pumping()
    await clock.advance(3_600_000)
    process.emit('at last').exit(0).close()
    await end
    expect(told).toEqual(['at last', '(closed)'])
  })

  it('calls it over when its output is held, after 150 ms of silence and a barrier', async () => {
    const { clock, process, told } = await pumping()
    process.emit('a').exit(0)
    await clock.advance(149)
    expect(told).toEqual(['a'])
    await clock.advance(1)
    expect(told).toEqual(['a', '(held)'])
    expect(process.syncs).toBe(1)
  })

  it('starts the silence anew with each chunk', async () => {
    const { clock, process, told } = await pumping()
    process.exit(0)
    for (const chunk of ['1', '2', '3']) {
      await clock.advance(149)
      process.emit(chunk)
    }
    await clock.advance(149)
    expect(told).toEqual(['1', '2', '3'])
    await clock.advance(1)
    expect(told).toEqual(['1', '2', '3', '(held)'])
  })

  it('starts it anew, too, with what the barrier brought', async () => {
    const { clock, process, told } = await pumping()
    process.onSync = () => process.syncs === 1 && process.emit('on its way')
    process.exit(0)
    await clock.advance(150)
    expect(told).toEqual(['on its way'])
    await clock.advance(150)
    expect(told).toEqual(['on its way', '(held)'])
  })

  it('goes on reading what is held, to its close', async () => {
    const { clock, process, told, end } = await pumping()
    process.exit(0)
    await clock.advance(150)
    process.emit('from a child')
    await clock.advance(60_000)
    process.close()
    await end
    expect(told).toEqual(['(held)', 'from a child', '(closed)'])
  })

  it('ends with the reason when the process is lost, after its last output', async () => {
    const { process, told, end } = await pumping()
    process.emit('last').lose('gone')
    await end
    expect(told).toEqual(['last', 'gone'])
  })

  it('stops at once when its signal is aborted', async () => {
    const { clock, controller, told, end } = await pumping()
    controller.abort(new Error('stop'))
    await end
    expect(told).toEqual(['stop'])
    expect(clock.pending).toBe(0)
  })
})
