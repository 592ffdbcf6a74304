import { describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

/** A running process, and how to write to it. */
async function running(args: object = {}, options: ConstructorParameters<typeof ScriptedExecutor>[1] = {}) {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock, options)
  const tools = toolsOver({ box: executor }, { clock })
  const session_id = sessionIdOf(
    await tools.call('exec_command', { command: 'x', yield_time_ms: 0, ...args }),
  )
  const process = executor.last
  return {
    clock,
    process,
    call: tools.call,
    session_id,
    written: () => Buffer.concat(process.writes).toString(),
    /** Writes, and lets the time pass in which output is collected. */
    async write(more: object) {
      const call = tools.call('write_stdin', { session_id, ...more })
      await clock.advance(250)
      return call
    },
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  }
}

describe('write_stdin', () => {
  it('writes exactly what it is given, once, and returns what came', async () => {
    await using my = await running()
    my.process.onWrite = (text) => void my.process.emit(`got ${text}`)
    const answer = await my.write({ chars: 'grün\n' })
    expect(my.written()).toBe('grün\n')
    expect(my.process.writes.length).toBe(1)
    expect(answer.text).toBe(
      `Process running with session ID ${my.session_id}\nWall time: 0.25 seconds\nOutput:\ngot grün\n`,
    )
  })

  it('goes on where the last read ended', async () => {
    await using my = await running()
    my.process.emit('before\n')
    expect(outputOf(await my.write({ chars: '' }))).toBe('before\n')
    my.process.emit('after\n')
    expect(outputOf(await my.write({}))).toBe('after\n')
    expect(my.process.writes).toEqual([])
  })

  it('returns at once when the process ends', async () => {
    await using my = await running()
    my.process.onWrite = () => void my.process.emit('bye\n').exit(0).close()
    const answer = await my.call('write_stdin', {
      session_id: my.session_id,
      chars: 'exit\n',
      yield_time_ms: 60_000,
    })
    expect(answer.text).toMatch(/^Process exited with code 0\n/)
    expect(outputOf(answer)).toBe('bye\n')
  })

  it('needs no environment, and takes the right one', async () => {
    await using my = await running()
    expect((await my.write({ environment_id: 'box' })).isError).toBe(false)
    const wrong = await my.write({ environment_id: 'gpu' })
    expect(wrong.text).toBe(
      `[invalid_input] Session "${my.session_id}" is on "box", not on "gpu": leave environment_id out`,
    )
  })

  it('sends Ctrl-D to a terminal, twice where a line has been begun', async () => {
    await using my = await running({ tty: true })
    await my.write({ chars: 'line\n', close: true })
    await my.write({ chars: 'no end', close: true })
    await my.write({ close: true })
    expect(my.written()).toBe('line\n\x04no end\x04\x04\x04')
  })

  it('ends the input of pipes where the executor can', async () => {
    await using my = await running({}, { features: { closeStdin: true } })
    await my.write({ chars: 'x', close: true })
    expect(my.written()).toBe('x')
    expect(my.process.isStdinClosed).toBe(true)
  })

  it('says what to do instead where it cannot, and writes nothing', async () => {
    await using my = await running()
    const answer = await my.write({ chars: 'x', close: true })
    expect(answer.text).toMatch(
      /^\[conflict\] .*cannot end the input.*nothing was written.*shell as stdin.*tty$/,
    )
    expect(my.process.writes).toEqual([])
  })

  it('refuses where there is no input', async () => {
    await using my = await running({ pipe_stdin: false })
    expect((await my.write({ chars: 'x' })).text).toMatch(/^\[conflict\] .*started without an input/)
  })

  it('refuses when the process has ended', async () => {
    await using my = await running()
    my.process.exit(0).close()
    await settled()
    expect((await my.write({ chars: 'x' })).text).toBe(
      `[conflict] Cannot write to session "${my.session_id}": its process has ended`,
    )
  })

  it('says that the process is lost, and why, when it can no longer be reached', async () => {
    await using my = await running()
    my.process.lose()
    await settled()
    expect((await my.write({ chars: 'x' })).text).toBe(
      `[process_lost] Cannot write to session "${my.session_id}": the executor was restarted. Whether its process still runs is not known`,
    )
  })

  // It was "[not_found] No process … was started on this connection": the process was forgotten by then.
  it('says that the process has ended when it does so in the middle of the input', async () => {
    await using my = await running()
    my.process.onWrite = () => {
      my.process.exit(1).close()
      return settled()
    }
    const answer = await my.write({ chars: 'x'.repeat(100_000) })
    expect(answer.text).toBe(
      `[conflict] Cannot write to session "${my.session_id}": its process has ended; how much of the input was written is not known`,
    )
  })

  it('says how to interrupt a process with pipes, for which Ctrl-C is a byte like others', async () => {
    await using my = await running()
    const { text } = await my.write({ chars: '\x03' })
    expect(text).toContain('[Without a tty "\\u0003" is a byte like others: terminate {"session_id":')
    expect(text).toContain('"signal":"INT"} interrupts]')
    await using terminal = await running({ tty: true })
    expect((await terminal.write({ chars: '\x03' })).text).not.toContain('Without a tty')
  })

  it('says that the input was written when it is canceled while waiting', async () => {
    await using my = await running()
    const controller = new AbortController()
    const call = my.call('write_stdin', { session_id: my.session_id, chars: 'x' }, controller.signal)
    await settled()
    controller.abort()
    expect((await call).text).toMatch(/^\[canceled\] .*the input was written, read_output reads on$/)
    expect(my.process.isRunning).toBe(true)
  })

  it('says which sessions there are when it does not know the one asked for', async () => {
    await using my = await running()
    const { text } = await my.write({ session_id: 'box/nope', chars: 'x' })
    expect(text).toContain(`[not_found] No session "box/nope": there are "${my.session_id}" (the last 64 `)
    expect((await my.write({ session_id: '' })).text).toMatch(
      /^\[invalid_input\] session_id is missing, such as /,
    )
  })
})
