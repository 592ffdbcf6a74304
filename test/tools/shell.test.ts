import { describe, expect, it } from 'vitest'
import { deferred } from '../../src/util/deferred.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor, type ScriptedProcess } from '../support/scripted-executor.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

/** One scripted machine, `box`, behind the tools. */
function box(options: ConstructorParameters<typeof ScriptedExecutor>[1] = {}) {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock, options)
  const tools = toolsOver({ box: executor }, { clock })
  return { clock, executor, ...tools, [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose]() }
}

function ends(output: string, code = 0): (process: ScriptedProcess) => void {
  return (process) => void process.emit(output).exit(code).close()
}

describe('shell', () => {
  it('gives exit code, time and output, each on a line of its own', async () => {
    await using my = box()
    my.executor.onStart = ends('one\ntwo\n')
    const answer = await my.call('shell', { command: ['x'] })
    expect(answer.text).toBe('Process exited with code 0\nWall time: 0.00 seconds\nOutput:\none\ntwo\n')
    expect(answer.isError).toBe(false)
  })

  // It was said twice where the machine itself was late.
  it.each([
    ['Starting "x" took longer than 30 s', '; unknown: it may have run'],
    [
      'Cannot start "x": no answer; unknown: it may have been carried out, so check what it may have done',
      '',
    ],
  ])('says once that a command may have run whose start was never answered: %s', async (reason, said) => {
    await using my = box()
    my.executor.start = async () => {
      throw new BridgeError('deadline', reason)
    }
    const { text } = await my.call('shell', { command: ['x'] })
    const words = reason.replace(/^Cannot start "x": /, '')
    expect(text).toBe(
      `[deadline] Cannot start "x" on "box": ${words}${said}. What starts after all is terminated as soon as the machine answers`,
    )
  })

  it('calls an exit code other than 0 an error', async () => {
    await using my = box()
    my.executor.onStart = ends('no\n', 2)
    const answer = await my.call('shell', { command: ['x'] })
    expect(answer.text).toMatch(/^Process exited with code 2\n/)
    expect(answer.isError).toBe(true)
  })

  it('merges stdout and stderr in the order they came', async () => {
    await using my = box()
    my.executor.onStart = (process) =>
      void process.emit('a\n').emit('b\n', 'stderr').emit('c\n').exit(0).close()
    expect(outputOf(await my.call('shell', { command: ['x'] }))).toBe('a\nb\nc\n')
  })

  it('starts an argument list as it is, in the directory and with the variables of the call', async () => {
    await using my = box()
    my.executor.onStart = ends('')
    await my.call('shell', { command: ['make', 'a b'], cwd: '../lib', env: { X: 1 } })
    expect(my.executor.last.request).toMatchObject({
      argv: ['make', 'a b'],
      cwd: '/srv/lib',
      env: { X: '1' },
      tty: false,
      pipeStdin: false,
    })
  })

  it('gives a text to the login shell of the environment, in its own directory', async () => {
    await using my = box()
    my.executor.onStart = ends('')
    await my.call('shell', { cmd: 'make && echo $X' })
    expect(my.executor.last.request).toMatchObject({
      argv: ['/bin/bash', '-lc', 'make && echo $X'],
      cwd: '/srv/app',
      env: {},
    })
  })

  it('uses ids that are random, and are on the wire what the session is called', async () => {
    await using my = box()
    const [one, two] = [
      my.call('shell', { command: 'x', timeout_ms: 0 }),
      my.call('shell', { command: 'x', timeout_ms: 0 }),
    ]
    const ids = [sessionIdOf(await one), sessionIdOf(await two)]
    expect(new Set(ids).size).toBe(2)
    expect(ids).toEqual(my.executor.processes.map(({ request }) => `box/${request.processId}`))
    for (const id of ids) expect(id).toMatch(/^box\/[a-z0-9]{10}$/)
  })

  describe('when the time is over', () => {
    it('loses nothing: it says so, and gives a session that reads on', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['x'] })
      await settled()
      my.executor.last.emit('begun\n')
      await my.clock.advance(44_999)
      my.executor.last.emit('more\n')
      await my.clock.advance(1)
      const answer = await call
      const id = sessionIdOf(answer)
      expect(answer.text).toBe(
        `Process running with session ID ${id}\nWall time: 45.00 seconds\nOutput:\nbegun\nmore\n[timeout_ms (45000) is over and the command runs on: read_output {"session_id":"${id}"} waits for more, terminate ends it]\n`,
      )
      expect(answer.isError).toBe(false)
      my.executor.last.emit('done\n').exit(0).close()
      const rest = await my.call('read_output', { session_id: id, wait_for: 'exit' })
      expect(rest.text).toMatch(/^Process exited with code 0\n/)
      expect(outputOf(rest)).toBe('done\n')
    })

    // It said that the command runs on, and that something it started still writes.
    it('says that output may be on the way when the exit alone is known', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['x'], timeout_ms: 100 })
      await settled()
      my.executor.last.emit('begun\n')
      await my.clock.advance(99)
      my.executor.last.exit(0)
      await my.clock.advance(1)
      const { text } = await call
      expect(text).toMatch(
        /^Process exited with code 0\nWall time: 0\.10 seconds\nOutput:\nbegun\n\[More of its output may be on the way: read_output \{"session_id":"box\/\w+"\} shows what comes\]\n$/,
      )
    })

    it('waits at most 280 s', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['x'], timeout_ms: '3600000' })
      await my.clock.advance(280_000)
      expect((await call).text).toMatch(/^Process running/)
    })
  })

  describe('when it is canceled', () => {
    it('kills the process and says so', async () => {
      await using my = box()
      const controller = new AbortController()
      const call = my.call('shell', { command: ['x'] }, controller.signal)
      await settled()
      controller.abort()
      const answer = await call
      expect(answer.text).toMatch(/^\[canceled\] .*its process on "box" was killed with its whole group$/)
      expect(my.executor.last.isRunning).toBe(false)
    })

    it('says when the process could not be killed', async () => {
      await using my = box()
      const controller = new AbortController()
      const call = my.call('shell', { command: ['x'] }, controller.signal)
      await settled()
      my.executor.last.onTerminate = () => {
        throw new Error('no answer')
      }
      controller.abort()
      expect((await call).text).toMatch(
        /^\[canceled\] .*may still run \(no answer\): terminate \{"session_id":"box\//,
      )
    })

    it('goes on asking a machine that does not answer, and says so after 5 s', async () => {
      await using my = box()
      const controller = new AbortController()
      const call = my.call('shell', { command: ['x'] }, controller.signal)
      await settled()
      const process = my.executor.last
      const back = deferred<void>()
      process.onTerminate = () => back.promise
      controller.abort()
      await my.clock.advance(5000)
      expect((await call).text).toMatch(
        /^\[canceled\] .*is ended as soon as the machine answers: terminate \{"session_id":"box\/[^}]*\} makes sure$/,
      )
      expect(process.killWaitMs).toBeGreaterThanOrEqual(110_000)
      process.onTerminate = () => void process.exit(137).close()
      back.resolve()
      await settled()
      expect(process.isForgotten).toBe(true)
    })

    it('ends a process whose start was not answered yet', async () => {
      await using my = box()
      my.executor.onStart = () => new Promise(() => {})
      const controller = new AbortController()
      const call = my.call('shell', { command: ['x'] }, controller.signal)
      await settled()
      controller.abort()
      expect((await call).text).toMatch(/^\[canceled\] Cannot start "x" on "box": /)
      expect(my.executor.last.isRunning).toBe(false)
    })
  })

  describe('with a child that holds the output', () => {
    it('is over 150 ms after the last byte, and says that something still runs', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['x'] })
      await settled()
      my.executor.last.emit('started\n').exit(0)
      await my.clock.advance(150)
      const answer = await call
      expect(answer.text).toMatch(/^Process exited with code 0\nWall time: 0\.15 seconds\nOutput:\nstarted\n/)
      expect(answer.text).toMatch(
        /\[Something it started still runs and may write: read_output .* shows what comes\]\n$/,
      )
    })

    it('gives what that child writes later to read_output', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['x'] })
      await settled()
      my.executor.last.exit(0)
      await my.clock.advance(150)
      const [, id] = /"session_id":"([^"]+)"/.exec((await call).text) ?? []
      my.executor.last.emit('late\n').close()
      await settled()
      const rest = await my.call('read_output', { session_id: id })
      expect(rest.text).toMatch(/^Process exited with code 0\n/)
      expect(outputOf(rest)).toBe('late\n')
    })
  })

  describe('when the machine is lost', () => {
    it('says so, and gives the last output', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['x'] })
      await settled()
      my.executor.last.emit('last words\n').lose()
      const answer = await call
      expect(answer.text).toMatch(
        /^\[process_lost\] Session "box\/\w+" can no longer be reached: the executor was restarted\. /,
      )
      expect(outputOf(answer)).toBe('last words\n')
      expect(answer.isError).toBe(true)
    })
  })

  describe('with stdin', () => {
    it('writes it and ends the input where the executor can', async () => {
      await using my = box({ features: { closeStdin: true } })
      const call = my.call('shell', { command: ['cat'], stdin: 'grün\n' })
      await settled()
      const { last } = my.executor
      expect(last.request).toMatchObject({ argv: ['cat'], pipeStdin: true })
      expect(Buffer.concat(last.writes).toString()).toBe('grün\n')
      expect(last.isStdinClosed).toBe(true)
      last.exit(0).close()
      await call
    })

    it('lets the command read exactly so many bytes where it cannot', async () => {
      await using my = box()
      const call = my.call('shell', { command: ['cat', '-n'], stdin: 'grün\n' })
      await settled()
      const { last } = my.executor
      expect(last.request.argv).toEqual(['/bin/sh', '-c', 'head -c 6 | exec "$@"', 'sh', 'cat', '-n'])
      expect(Buffer.concat(last.writes).toString()).toBe('grün\n')
      expect(last.isStdinClosed).toBe(false)
      last.exit(0).close()
      await call
    })

    it('refuses where neither is possible', async () => {
      await using my = box({ info: { os: 'windows', cwd: 'C:\\' } })
      const answer = await my.call('shell', { command: ['x'], stdin: 'a' })
      expect(answer.text).toMatch(/^\[conflict\] The executor of "box" cannot end the input of a command: /)
    })
  })

  it('says when its input could not be written', async () => {
    await using my = box()
    const call = my.call('shell', { command: ['cat'], stdin: 'x' })
    my.executor.onStart = (process) => {
      process.onWrite = () => {
        throw new BridgeError('unavailable', 'the connection was lost')
      }
    }
    await my.clock.advance(45_000)
    expect(outputOf(await call)).toContain('[The input could not be written: the connection was lost]\n')
  })

  it('says what an exit code of -1 means', async () => {
    await using my = box()
    my.executor.onStart = ends('', -1)
    expect(outputOf(await my.call('shell', { command: ['x'] }))).toMatch(/^\[-1: a signal ended it, /)
  })

  describe('with much output', () => {
    it('keeps the first and the last half, and says how to read the rest', async () => {
      await using my = box()
      const lines = Array.from({ length: 20_000 }, (_, at) => `line ${at + 1}\n`)
      my.executor.onStart = (process) => {
        for (let at = 0; at < lines.length; at += 500) process.emit(lines.slice(at, at + 500).join(''))
        process.exit(0).close()
      }
      const answer = await my.call('shell', { command: ['x'], max_output_bytes: 2000 })
      const output = outputOf(answer)
      expect(Buffer.byteLength(output)).toBeLessThan(2300)
      const [, bytes, left, call] =
        /\n\[… ([\d,]+) bytes \(([\d,]+) lines\) left out: read_output (\{.*\}) reads them …\]\n/.exec(
          output,
        ) ?? []
      const shown = output.match(/^line \d+$/gm)!
      expect(shown[0]).toBe('line 1')
      expect(shown.at(-1)).toBe('line 20000')
      expect(Number(left!.replace(',', '')) + shown.length).toBe(20_000)
      expect(Number(bytes!.replace(',', ''))).toBe(lines.join('').length - shown.join('\n').length - 1)
      const missing = lines.find((line, at) => line !== `${shown[at]}\n`)!
      expect(outputOf(await my.call('read_output', JSON.parse(call!)))).toContain(missing)
    })

    it('holds neither 100 MB of it nor time', async () => {
      await using my = box()
      const block = Buffer.alloc(64 * 1024, 'x')
      const count = 1600
      my.executor.onStart = async (process) => {
        process.emit('first\n')
        for (let at = 0; at < count; at++) process.emit(block)
        process.emit('\nlast\n').exit(0).close()
      }
      const output = outputOf(await my.call('shell', { command: ['x'] }))
      const [left] = /\[… .* …\]/.exec(output) ?? []
      expect([output.slice(0, 7), output.slice(-7)]).toEqual(['first\nx', 'x\nlast\n'])
      expect(left).toMatch(
        /^\[… 104,8\d\d,\d{3} bytes \(0 lines\) left out, 9\d,\d{3},\d{3} bytes of them are no longer kept: /,
      )
      expect(Buffer.byteLength(output)).toBeLessThan(40_400)
    })
  })

  describe('that cannot start', () => {
    async function failing(command: unknown) {
      await using my = box()
      my.executor.onStart = () => {
        throw new BridgeError('not_found', 'Cannot start "make it \\"so\\"": no such file')
      }
      return my.call('shell', { command })
    }

    it('says what was tried, where, and what is the case', async () => {
      const { text, isError } = await failing(['mkae', 'x'])
      expect(text).toBe('[not_found] Cannot start "mkae" on "box": no such file')
      expect(isError).toBe(true)
    })

    it('says what to do when a command line was given as one word', async () => {
      const { text } = await failing(['ls -l'])
      expect(text).toMatch(/; a command line is given as a text, not as an array of one$/)
    })
  })

  it('refuses an empty command with the rule and an example', async () => {
    await using my = box()
    for (const command of ['', [], undefined]) {
      const { text, isError } = await my.call('shell', { command })
      expect(text).toMatch(
        /^\[invalid_input\] command is missing or empty: .*such as \{"command":\["ls","-l"\]\}$/,
      )
      expect(isError).toBe(true)
    }
    expect(my.executor.processes).toEqual([])
  })
})
