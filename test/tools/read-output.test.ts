import { describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

/** A machine, and a way to start processes on it whose output is then read. */
function box() {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock)
  const tools = toolsOver({ box: executor }, { clock })
  return {
    clock,
    executor,
    call: tools.call,
    async start(args: object = {}) {
      const session_id = sessionIdOf(
        await tools.call('exec_command', { command: 'x', yield_time_ms: 0, ...args }),
      )
      return {
        session_id,
        process: executor.last,
        read: (more: object = {}, signal?: AbortSignal) =>
          tools.call('read_output', { session_id, ...more }, signal),
      }
    },
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  }
}

/** Whether a promise is settled, once all that needs no time has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  await settled()
  return Promise.race([promise.then(() => true), Promise.resolve(false)])
}

describe('read_output', () => {
  it('returns soon after output came, with all of the burst', async () => {
    await using my = box()
    const { process, read, session_id } = await my.start()
    const call = read({ yield_time_ms: 10_000 })
    await my.clock.advance(3000)
    process.emit('one\n')
    await my.clock.advance(20)
    process.emit('two\n')
    await my.clock.advance(30)
    expect((await call).text).toBe(
      `Process running with session ID ${session_id}\nWall time: 3.05 seconds\nOutput:\none\ntwo\n`,
    )
  })

  it('returns with nothing when the time is over', async () => {
    await using my = box()
    const { read } = await my.start()
    const call = read()
    await my.clock.advance(1000)
    expect(outputOf(await call)).toBe('')
  })

  it('keeps the cursor for a caller who gives none, and lets one who does read again', async () => {
    await using my = box()
    const { process, read } = await my.start()
    process.emit('a\n').emit('b\n')
    await settled()
    expect(outputOf(await read({ yield_time_ms: 0 }))).toBe('a\nb\n')
    process.emit('c\n')
    await settled()
    expect(outputOf(await read({ yield_time_ms: 0, after_seq: 1 }))).toBe(
      'b\nc\n[The next read goes on with after_seq 3]\n',
    )
    expect(outputOf(await read({ yield_time_ms: 0 }))).toBe('c\n')
    expect(outputOf(await read({ yield_time_ms: 0 }))).toBe('')
  })

  it('reads a finished process at once, as often as asked', async () => {
    await using my = box()
    const { process, read } = await my.start()
    process.emit('all\n').exit(4).close()
    await settled()
    const first = await read({ yield_time_ms: 60_000, wait_for: 'exit' })
    expect(first.text).toMatch(/^Process exited with code 4\n/)
    expect(first.isError).toBe(true)
    expect(outputOf(first)).toBe('all\n')
    expect(outputOf(await read({ yield_time_ms: 60_000 }))).toBe('')
    expect(outputOf(await read({ yield_time_ms: 60_000, after_seq: 0 }))).toMatch(/^all\n/)
  })

  it('shows what a finished process left incomplete, once', async () => {
    await using my = box()
    const { process, read } = await my.start()
    process.emit(Buffer.from([0x61, 0xc3]))
    await settled()
    expect(outputOf(await read({ yield_time_ms: 0 }))).toBe('a')
    process.exit(0).close()
    await settled()
    expect(outputOf(await read())).toBe('\\xc3')
    expect(outputOf(await read())).toBe('')
  })

  it('waits for the exit and nothing less', async () => {
    await using my = box()
    const { process, read } = await my.start()
    const call = read({ wait_for: 'exit', yield_time_ms: 280_000 })
    process.emit('working\n')
    await my.clock.advance(200_000)
    expect(await isSettled(call)).toBe(false)
    process.exit(0).close()
    const answer = await call
    expect(answer.text).toMatch(/^Process exited with code 0\nWall time: 200\.00 seconds\n/)
    expect(outputOf(answer)).toBe('working\n')
  })

  it('waits at most 280 s', async () => {
    await using my = box()
    const { read } = await my.start()
    const call = read({ wait_for: 'exit', yield_time_ms: 10 ** 9 })
    await my.clock.advance(280_000)
    expect((await call).text).toMatch(/^Process running/)
  })

  describe('waiting for a text', () => {
    it('returns when a line matches, also over a border of chunks', async () => {
      await using my = box()
      const { process, read } = await my.start()
      const call = read({ wait_for: '^listening on \\d+$', yield_time_ms: 60_000 })
      process.emit('not listening on 80\nlisten')
      expect(await isSettled(call)).toBe(false)
      process.emit('ing on 8080\nmore\n')
      expect(outputOf(await call)).toBe('not listening on 80\nlistening on 8080\nmore\n')
    })

    it('finds it far behind what came before', async () => {
      await using my = box()
      const { process, read } = await my.start()
      const call = read({ wait_for: 'ready', yield_time_ms: 60_000 })
      for (let at = 0; at < 50; at++) {
        process.emit(Buffer.alloc(8192, 'x\n'))
        await settled()
      }
      for (const part of ['r', 'ea', 'd']) {
        process.emit(part)
        expect(await isSettled(call)).toBe(false)
      }
      process.emit('y')
      expect(outputOf(await call)).toMatch(/ready$/)
    })

    it('says when it has not come, in time or at the end', async () => {
      await using my = box()
      const { process, read } = await my.start()
      const late = read({ wait_for: 'ready' })
      await my.clock.advance(1000)
      expect(outputOf(await late)).toBe('["ready" has not come within 1000 ms]\n')
      const over = read({ wait_for: 'ready', yield_time_ms: 60_000 })
      process.emit('no\n').exit(1).close()
      expect(outputOf(await over)).toBe('no\n["ready" has not come, and the process is over]\n')
    })

    it('does not look at what was read before', async () => {
      await using my = box()
      const { process, read } = await my.start()
      process.emit('ready\n')
      await settled()
      await read({ yield_time_ms: 0 })
      const call = read({ wait_for: 'ready' })
      expect(await isSettled(call)).toBe(false)
      await my.clock.advance(1000)
      await call
    })

    it('refuses what is no regular expression, and one that never ends', async () => {
      await using my = box()
      const { process, read } = await my.start()
      expect((await read({ wait_for: '(' })).text).toMatch(
        /^\[invalid_input\] wait_for is not a regular expression: /,
      )
      process.emit(`${'a'.repeat(40)}b`)
      await settled()
      expect((await read({ wait_for: '(a+)+$' })).text).toMatch(
        /^\[invalid_input\] wait_for .* takes more than 1000 ms/,
      )
      expect(outputOf(await read({ yield_time_ms: 0 }))).toBe(`${'a'.repeat(40)}b`)
    })
  })

  describe('choosing lines', () => {
    it('gives the last ones', async () => {
      await using my = box()
      const { process, read } = await my.start()
      process.emit(Array.from({ length: 100 }, (_, at) => `${at + 1}\n`).join(''))
      await settled()
      expect(outputOf(await read({ tail_lines: 2, yield_time_ms: 0 }))).toBe(
        '99\n100\n[98 earlier lines left out]\n',
      )
    })

    it('gives those that match, and of these the last', async () => {
      await using my = box()
      const { process, read } = await my.start()
      process.emit(Array.from({ length: 100 }, (_, at) => `${at + 1}\n`).join(''))
      await settled()
      const again = { after_seq: 0, yield_time_ms: 0 }
      expect(outputOf(await read({ ...again, grep: '^.7$' }))).toBe(
        '17\n27\n37\n47\n57\n67\n77\n87\n97\n[9 of 100 lines match]\n',
      )
      expect(outputOf(await read({ ...again, grep: '7', tail_lines: 1 }))).toBe(
        '97\n[19 of 100 lines match]\n[18 earlier lines left out]\n',
      )
    })
  })

  it('searches many thousand lines that came one by one', async () => {
    await using my = box()
    const { process, read } = await my.start()
    for (let at = 0; at < 50_000; at++) process.emit(`line ${at}\n`, at % 2 ? 'stdout' : 'stderr')
    await settled()
    const answer = await read({ grep: '^line 4999.$', yield_time_ms: 0 })
    expect(outputOf(answer).match(/^line \d+$/gm)?.length).toBe(10)
  })

  describe('of several sessions', () => {
    it('returns when the first has something, and names each', async () => {
      await using my = box()
      const [one, two] = [await my.start(), await my.start()]
      const call = my.call('read_output', {
        session_id: [one.session_id, two.session_id],
        wait_for: 'exit',
        yield_time_ms: 60_000,
      })
      one.process.emit('working')
      two.process.emit('done\n').exit(0).close()
      expect((await call).text).toBe(
        `Session: ${one.session_id}\nProcess running with session ID ${one.session_id}\nWall time: 0.00 seconds\nOutput:\nworking\n\nSession: ${two.session_id}\nProcess exited with code 0\nWall time: 0.00 seconds\nOutput:\ndone\n`,
      )
    })

    it('does not let one that is over and read end the wait for the others', async () => {
      await using my = box()
      const [one, two] = [await my.start(), await my.start()]
      one.process.exit(0).close()
      await settled()
      await one.read()
      const call = my.call('read_output', {
        session_id: [one.session_id, two.session_id],
        yield_time_ms: 60_000,
      })
      expect(await isSettled(call)).toBe(false)
      two.process.emit('news\n')
      await my.clock.advance(50)
      expect((await call).text).toContain('news\n')
    })
  })

  // `npm start &` in a shell: every read of what it writes came back at once, with nothing.
  describe('of a process that is over, and whose child still writes', () => {
    async function held(my: ReturnType<typeof box>) {
      const { process, read } = await my.start()
      process.exit(0)
      await my.clock.advance(150)
      return { process, read, told: () => read({ yield_time_ms: 60_000 }) }
    }

    it('tells of the end at once', async () => {
      await using my = box()
      const { told } = await held(my)
      expect((await told()).text).toMatch(/^Process exited with code 0\n/)
    })

    it('waits for what the child writes', async () => {
      await using my = box()
      const { process, read, told } = await held(my)
      await told()
      const call = read({ yield_time_ms: 60_000 })
      expect(await isSettled(call)).toBe(false)
      process.emit('from the child\n')
      await my.clock.advance(50)
      expect(outputOf(await call)).toMatch(/^from the child\n\[Something it started /)
    })

    it('waits for a text of the child', async () => {
      await using my = box()
      const { process, read, told } = await held(my)
      await told()
      const call = read({ wait_for: 'ready', yield_time_ms: 60_000 })
      process.emit('starting\n')
      expect(await isSettled(call)).toBe(false)
      process.emit('ready\n')
      expect(outputOf(await call)).toMatch(/^starting\nready\n/)
      const missed = read({ wait_for: 'never', yield_time_ms: 1000 })
      await my.clock.advance(1000)
      expect((await missed).text).toContain('["never" has not come within 1000 ms]')
    })

    it('waits no longer than until the child has closed the output', async () => {
      await using my = box()
      const { process, read, told } = await held(my)
      await told()
      const call = read({ yield_time_ms: 60_000 })
      expect(await isSettled(call)).toBe(false)
      process.close()
      expect(outputOf(await call)).toBe('')
    })

    it('does not end the wait for the exit of another', async () => {
      await using my = box()
      const { told, process } = await held(my)
      await told()
      const other = await my.start()
      const both = [`box/${process.request.processId}`, other.session_id]
      const call = my.call('read_output', { session_id: both, wait_for: 'exit', yield_time_ms: 60_000 })
      expect(await isSettled(call)).toBe(false)
      other.process.exit(0).close()
      expect((await call).text).toContain(`Session: ${other.session_id}\nProcess exited with code 0\n`)
    })

    it('does not wait for its exit, which has been', async () => {
      await using my = box()
      const { read, told } = await held(my)
      await told()
      expect((await read({ wait_for: 'exit', yield_time_ms: 60_000 })).text).toMatch(/^Process exited/)
    })
  })

  it('only stops waiting when it is canceled, and loses nothing', async () => {
    await using my = box()
    const { process, read } = await my.start()
    const controller = new AbortController()
    const call = read({ wait_for: 'exit' }, controller.signal)
    process.emit('kept\n')
    await settled()
    controller.abort()
    expect((await call).text).toMatch(/^\[canceled\] /)
    expect(process.isRunning).toBe(true)
    expect(outputOf(await read({ yield_time_ms: 0 }))).toBe('kept\n')
  })

  it('says how much was lost on the way, where it was', async () => {
    await using my = box()
    const { process, read } = await my.start()
    process.emit('a\n')
    await settled()
    process.drop(5000).emit('b\n')
    await settled()
    expect(outputOf(await read({ yield_time_ms: 0 }))).toBe('a\n\n[… 5,000 bytes no longer kept …]\nb\n')
  })

  // A grep left the line about it out, and so found nothing without a word on the 5,000 bytes it had not seen.
  it.each([
    [{ grep: 'a|b' }, 'a\nb\n[2 of 2 lines match]\n'],
    [{ tail_lines: 1 }, 'b\n[1 earlier line left out]\n'],
  ])('says how much was lost when it gives only some lines, %j', async (which, lines) => {
    await using my = box()
    const { process, read } = await my.start()
    process.emit('a\n')
    await settled()
    process.drop(5000).emit('b\n')
    await settled()
    expect(outputOf(await read({ ...which, yield_time_ms: 0 }))).toBe(
      `${lines}[5,000 bytes of output are no longer kept]\n`,
    )
  })

  it('still gives the output of a process that is lost', async () => {
    await using my = box()
    const { process, read } = await my.start()
    process.emit('last words\n')
    await settled()
    await read({ yield_time_ms: 0 })
    process.lose()
    await settled()
    for (const again of [1, 2]) {
      const answer = await read({ yield_time_ms: again })
      expect(answer.text).toMatch(/^\[process_lost\] .*the executor was restarted/)
      expect(outputOf(answer)).toBe('last words\n')
      expect(answer.isError).toBe(true)
    }
  })

  it('refuses what is no session', async () => {
    await using my = box()
    expect((await my.call('read_output', {})).text).toMatch(/^\[invalid_input\] session_id is missing/)
    expect((await my.call('read_output', { session_id: 'box/x' })).text).toMatch(
      /^\[not_found\] No session "box\/x": none has been started here \(the last 64 processes of this server are kept\); .*does not share sessions: ask that thread/,
    )
  })

  it('takes an array that was written as a text', async () => {
    await using my = box()
    const { session_id } = await my.start()
    const answer = await my.call('read_output', {
      session_id: JSON.stringify([session_id]),
      yield_time_ms: 0,
    })
    expect(answer.text).toContain(session_id)
  })
})
