import { describe, expect, it } from 'vitest'
import { BRIDGE_LIMITS } from '../../src/bridge/limits.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

async function running(args: object = {}, options: ConstructorParameters<typeof ScriptedExecutor>[1] = {}) {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock, options)
  const tools = toolsOver({ box: executor }, { clock })
  const session_id = sessionIdOf(
    await tools.call('exec_command', { command: 'x', yield_time_ms: 0, ...args }),
  )
  return {
    clock,
    process: executor.last,
    call: tools.call,
    terminate: (more: object = {}) => tools.call('terminate', { session_id, ...more }),
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  }
}

const KILLED =
  'Its whole process group was killed; processes that left the group (setsid, daemons) may still run'

describe('terminate', () => {
  it('interrupts first, and returns what the process said at its end', async () => {
    await using my = await running()
    my.process.onSignal = () => void my.process.emit('caught\n').exit(5).close()
    const answer = await my.terminate()
    expect(answer.text).toBe(
      'Process exited with code 5\nWall time: 0.00 seconds\nOutput:\ncaught\n[It ended after an interrupt (INT)]\n',
    )
    expect(answer.isError).toBe(false)
    expect(my.process.signals).toEqual(['INT'])
  })

  it('kills after 2 s of patience', async () => {
    await using my = await running()
    my.process.emit('busy\n')
    const call = my.terminate()
    await my.clock.advance(1999)
    expect(my.process.isRunning).toBe(true)
    await my.clock.advance(1)
    const answer = await call
    expect(answer.text).toMatch(/^Process exited with code 137\nWall time: 2\.00 seconds\nOutput:\nbusy\n/)
    expect(answer.text).toContain(`[It did not end within 2 s after an interrupt (INT). ${KILLED}]`)
  })

  it('kills at once where the executor cannot interrupt', async () => {
    await using my = await running({}, { features: { signals: [] } })
    expect(outputOf(await my.terminate())).toBe(`[${KILLED}]\n`)
  })

  it('waits with a kill until a connection gone silent has been made anew', async () => {
    await using my = await running({}, { features: { signals: [] } })
    await my.terminate()
    const { silenceMs, verdictMs, backoff } = BRIDGE_LIMITS
    expect(my.process.killWaitMs).toBeGreaterThan(silenceMs + verdictMs + backoff.mostMs)
  })

  it('types Ctrl-C into a terminal where the executor cannot interrupt', async () => {
    await using my = await running({ tty: true }, { features: { signals: [] } })
    my.process.onWrite = (text) => void (text === '\x03' && my.process.exit(130).close())
    expect(outputOf(await my.terminate())).toBe('[It ended after Ctrl-C]\n')
  })

  it('sends only the signal it is given', async () => {
    await using my = await running({}, { features: { signals: ['INT', 'TERM'] } })
    const call = my.terminate({ signal: 'SIGTERM' })
    await my.clock.advance(2000)
    const answer = await call
    expect(answer.text).toMatch(/^Process running/)
    expect(outputOf(answer)).toBe(
      '[TERM was sent, and it has not ended within 2 s: terminate without signal ends it]\n',
    )
    expect(my.process.signals).toEqual(['TERM'])
  })

  it('kills with KILL everywhere', async () => {
    await using my = await running()
    expect(outputOf(await my.terminate({ signal: 'KILL' }))).toBe(`[${KILLED}]\n`)
    expect(my.process.signals).toEqual([])
  })

  it('does not say that a process is over when it is lost', async () => {
    await using my = await running()
    my.process.emit('last words\n').lose()
    await settled()
    const answer = await my.terminate()
    expect(answer.isError).toBe(true)
    expect(answer.text).toMatch(/^\[process_lost\] .*Whether its process still runs is not known/)
    expect(outputOf(answer)).toBe('last words\n[Nothing was sent: it can no longer be reached]\n')
  })

  it('refuses a signal that the executor has not, and says which it has', async () => {
    await using my = await running()
    const answer = await my.terminate({ signal: 'TERM' })
    expect(answer.text).toMatch(/^\[conflict\] Cannot send TERM: the executor of "box" has "INT", "KILL"; /)
    expect(my.process.isRunning).toBe(true)
  })

  it('refuses what is no signal', async () => {
    await using my = await running()
    expect((await my.terminate({ signal: 'STOP' })).text).toBe(
      '[invalid_input] signal must be one of "INT", "TERM", "KILL", such as {"signal":"INT"}',
    )
  })

  it('says that a process was over already, and shows its last lines again', async () => {
    await using my = await running()
    my.process
      .emit(Array.from({ length: 20 }, (_, at) => `${at + 1}\n`).join(''))
      .exit(1)
      .close()
    await settled()
    await my.call('read_output', { session_id: `${my.process.request.processId}` })
    const answer = await my.terminate()
    expect(answer.text).toMatch(/^Process exited with code 1\n/)
    expect(outputOf(answer)).toBe('11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n[It was over already]\n')
    expect(answer.isError).toBe(false)
  })

  it('ends what a process that is over has left behind, or says that it could not', async () => {
    await using my = await running()
    my.process.exit(0)
    await my.clock.advance(150)
    my.process.onTerminate = () => {}
    const call = my.terminate()
    await my.clock.advance(2000)
    expect(outputOf(await call)).toContain(
      '[It was over already, and what it had started could not be ended: ',
    )
    my.process.onTerminate = () => void my.process.close()
    expect(outputOf(await my.terminate())).toBe('[It was over already; what it had started has ended now]\n')
  })
})
