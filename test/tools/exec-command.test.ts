import { describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

function box(options: ConstructorParameters<typeof ScriptedExecutor>[1] = {}) {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock, options)
  const tools = toolsOver({ box: executor }, { clock })
  return { clock, executor, ...tools, [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose]() }
}

describe('exec_command', () => {
  it('returns what came within yield_time_ms, and a session', async () => {
    await using my = box()
    const call = my.call('exec_command', { command: 'serve' })
    await settled()
    my.executor.last.emit('starting\n')
    await my.clock.advance(1000)
    const answer = await call
    expect(answer.text).toBe(
      `Process running with session ID ${sessionIdOf(answer)}\nWall time: 1.00 seconds\nOutput:\nstarting\n`,
    )
    expect(answer.isError).toBe(false)
  })

  it('returns the exit code as soon as it ended', async () => {
    await using my = box()
    my.executor.onStart = (process) => void process.emit('x\n').exit(3).close()
    const answer = await my.call('exec_command', { command: 'x', yield_time_ms: 30_000 })
    expect(answer.text).toBe('Process exited with code 3\nWall time: 0.00 seconds\nOutput:\nx\n')
    expect(answer.isError).toBe(true)
  })

  it('waits at most 30 s', async () => {
    await using my = box()
    const call = my.call('exec_command', { command: 'x', yield_time_ms: 1_000_000 })
    await my.clock.advance(30_000)
    expect((await call).text).toMatch(/^Process running/)
  })

  it('keeps the input open unless told otherwise', async () => {
    await using my = box()
    await my.call('exec_command', { command: 'x', yield_time_ms: 0 })
    expect(my.executor.last.request.pipeStdin).toBe(true)
    await my.call('exec_command', { command: 'x', yield_time_ms: 0, pipe_stdin: false })
    expect(my.executor.last.request.pipeStdin).toBe(false)
  })

  it('makes a terminal that is dumb unless the call says otherwise', async () => {
    await using my = box()
    await my.call('exec_command', { command: ['vi'], tty: true, yield_time_ms: 0 })
    expect(my.executor.last.request).toMatchObject({ argv: ['vi'], tty: true, env: { TERM: 'dumb' } })
    expect(my.executor.last.request.size).toBeUndefined()
    await my.call('exec_command', { command: ['vi'], tty: true, env: { TERM: 'xterm' }, yield_time_ms: 0 })
    expect(my.executor.last.request.env).toEqual({ TERM: 'xterm' })
  })

  it('gives the terminal its size by stty where the executor has none', async () => {
    await using my = box()
    await my.call('exec_command', { command: ['vi', 'a b'], tty: true, cols: 132, yield_time_ms: 0 })
    expect(my.executor.last.request.argv).toEqual([
      '/bin/sh',
      '-c',
      'stty rows 24 cols 132 2>/dev/null; exec "$@"',
      'sh',
      'vi',
      'a b',
    ])
  })

  it('gives the size to an executor that takes one', async () => {
    await using my = box({ features: { ttySize: true } })
    await my.call('exec_command', { command: ['vi'], tty: true, cols: 100, rows: 30, yield_time_ms: 0 })
    expect(my.executor.last.request).toMatchObject({ argv: ['vi'], size: { cols: 100, rows: 30 } })
  })

  it('keeps control sequences of a terminal out of the text unless raw', async () => {
    await using my = box()
    my.executor.onStart = (process) => void process.emit('\x1b[1mbold\x1b[0m\r\n').exit(0).close()
    const plain = await my.call('exec_command', { command: 'x', tty: true })
    const raw = await my.call('exec_command', { command: 'x', tty: true, raw: true })
    expect(outputOf(plain)).toBe('bold\n')
    expect(outputOf(raw)).toBe('\x1b[1mbold\x1b[0m\r\n')
  })

  it('ends what it started when it is canceled before it handed out the session', async () => {
    await using my = box()
    const controller = new AbortController()
    const call = my.call('exec_command', { command: 'x' }, controller.signal)
    await settled()
    controller.abort()
    expect((await call).text).toMatch(/^\[canceled\] /)
    expect(my.executor.last.isRunning).toBe(false)
  })
})
