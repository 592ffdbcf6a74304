import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LocalExecutor } from '../../src/executor/local.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { type Answer, outputOf, sessionIdOf, type ToolCalls, toolsOver } from '../support/tool-calls.ts'
import { type ExecutorChanges, WrappedExecutor } from '../support/wrapped-executor.ts'

/** As a stock exec-server: it cannot end an input, has no sizes of terminals, and only interrupts. */
const STOCK: ExecutorChanges = { features: { closeStdin: false, ttySize: false, signals: ['INT'] } }

/** The tools on this machine, in a directory of their own. */
async function machine(changes: ExecutorChanges = {}) {
  const directory = await tempDirectory()
  const executor = new WrappedExecutor(new LocalExecutor({ cwd: directory.path }), changes)
  const tools = toolsOver({ box: executor })
  return {
    path: (name: string) => join(directory.path, name),
    cwd: directory.path,
    call: tools.call as ToolCalls['call'],
    shell: (command: unknown, more: object = {}, signal?: AbortSignal) =>
      tools.call('shell', { command, login: false, ...more }, signal),
    async [Symbol.asyncDispose]() {
      await tools[Symbol.asyncDispose]()
      await executor[Symbol.asyncDispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Processes of this machine whose command line holds the text. */
function processesWith(text: string): string[] {
  const list = execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' }).split('\n')
  return list.filter((line) => line.includes(text) && !line.includes('ps -eo') && !/^\s*\d+ Z/.test(line))
}

/** A number that no other command line holds: `sleep` takes it for a time. */
function uniqueSeconds(): string {
  return `3${Math.floor(Math.random() * 1e9)}.5`
}

async function untilReady(tools: { call: ToolCalls['call'] }, answer: Answer): Promise<string> {
  const session_id = sessionIdOf(answer)
  await tools.call('read_output', { session_id, after_seq: 0, wait_for: 'ready', yield_time_ms: 5000 })
  return session_id
}

describe('shell on a real machine', () => {
  it('runs an argument list as it is, and a text in a login shell', async () => {
    await using my = await machine()
    const words = ['printf', '<%s>', 'a b', '"$HOME"', "it's", 'ü\n']
    expect(outputOf(await my.shell(words))).toBe('<a b><"$HOME"><it\'s><ü\n>')
    const text = 'shopt -q login_shell && pwd; echo "$X" | tr a-z A-Z'
    expect(outputOf(await my.shell(text, { env: { X: 'abc' }, shell: '/bin/bash', login: true }))).toBe(
      `${my.cwd}\nABC\n`,
    )
  })

  it('runs with the environment of the executor', async () => {
    await using my = await machine()
    expect(outputOf(await my.shell(['sh', '-c', 'echo "$PATH"']))).toBe(`${process.env.PATH}\n`)
  })

  it('starts in directories of any name', async () => {
    await using my = await machine()
    for (const name of ['a b', 'it\'s "so"', 'new\nline', 'größe 日本 🙂', '-n', '$(x)']) {
      mkdirSync(my.path(name))
      expect(outputOf(await my.shell(['pwd'], { cwd: name }))).toBe(`${my.path(name)}\n`)
    }
  })

  it('says what cannot be started, and why', async () => {
    await using my = await machine()
    writeFileSync(my.path('data'), 'x')
    const texts = await Promise.all(
      [
        my.shell(['no-such-program']),
        my.shell(['./data']),
        my.shell(['true'], { cwd: 'no/such' }),
        my.shell(['true'], { cwd: 'data' }),
      ].map(async (call) => (await call).text),
    )
    expect(texts[0]).toMatch(/^\[not_found\] Cannot start "no-such-program" on "box": no such file/)
    expect(texts[1]).toMatch(/^\[denied\] Cannot start "\.\/data" on "box": permission denied/)
    expect(texts[2]).toMatch(
      /^\[not_found\] Cannot start "true" on "box": no such file or directory ".*no\/such"/,
    )
    expect(texts[3]).toMatch(/^\[not_found\] Cannot start "true" on "box": ".*data" is not a directory/)
  })

  it('says what to do with arguments that are too long', async () => {
    await using my = await machine()
    expect((await my.shell(['echo', 'x'.repeat(200_000)])).text).toBe(
      '[invalid_input] Cannot start "echo" on "box": argument list too long; give a long text as stdin, or in a file',
    )
  })

  it.skipIf(process.getuid?.() === 0)('says that a directory may not be entered', async () => {
    await using my = await machine()
    mkdirSync(my.path('closed'))
    chmodSync(my.path('closed'), 0)
    expect((await my.shell(['true'], { cwd: 'closed' })).text).toMatch(/^\[denied\] Cannot start "true"/)
  })

  it('reports a signal as 128 and its number', async () => {
    await using my = await machine()
    expect((await my.shell(['sh', '-c', 'kill -9 $$'])).text).toMatch(/^Process exited with code 137\n/)
  })

  it('shows binary output as text', async () => {
    await using my = await machine()
    expect(outputOf(await my.shell(['printf', 'a\\377\\000b\\303\\251\\n']))).toBe('a\\xff\\x00bé\n')
  })

  it('holds 100 MB of output, with no newline in it, in little memory', async () => {
    await using my = await machine()
    const before = process.memoryUsage().rss
    const output = outputOf(
      await my.shell('printf first; head -c 100000000 /dev/zero | tr "\\0" x; echo last'),
    )
    const grown = process.memoryUsage().rss - before
    const [, bytes] =
      /\n\[… ([\d,]+) bytes \(0 lines\) left out, [\d,]+ bytes of them are no longer kept: /.exec(output) ??
      []
    expect([output.slice(0, 6), output.slice(-6)]).toEqual(['firstx', 'xlast\n'])
    expect(Number(bytes?.replaceAll(',', ''))).toBe(100_000_010 - 40_000)
    expect(output.length).toBeLessThan(40_300)
    expect(grown).toBeLessThan(100 * 1024 * 1024)
  })

  it('waits for a process that closes its output and lives on', async () => {
    await using my = await machine()
    const answer = await my.shell(['sh', '-c', 'echo begun; exec >&- 2>&-; read -r x </dev/null; exit 3'])
    expect(answer.text).toMatch(/^Process exited with code 3\n/)
    expect(outputOf(answer)).toBe('begun\n')
  })

  it('does not wait for a grandchild that holds the output, and ends it with terminate', async () => {
    await using my = await machine()
    const seconds = uniqueSeconds()
    const answer = await my.shell(`sleep ${seconds} & echo started`)
    expect(answer.text).toMatch(/^Process exited with code 0\n/)
    expect(outputOf(answer)).toMatch(/^started\n\[Something it started still runs/)
    expect(processesWith(seconds).length).toBe(1)
    const [, session_id] = /"session_id":"([^"]+)"/.exec(answer.text)!
    expect(outputOf(await my.call('terminate', { session_id }))).toContain(
      'what it had started has ended now',
    )
    expect(processesWith(seconds)).toEqual([])
  })

  it('kills the whole group of a canceled command', async () => {
    await using my = await machine()
    const seconds = uniqueSeconds()
    const controller = new AbortController()
    const call = my.shell(`sleep ${seconds} & touch begun; sleep ${seconds}; :`, {}, controller.signal)
    await expect.poll(() => processesWith(`sleep ${seconds}`).length).toBeGreaterThan(2)
    controller.abort()
    expect((await call).text).toMatch(/^\[canceled\] .*was killed with its whole group$/)
    await expect.poll(() => processesWith(seconds)).toEqual([])
  })

  it('goes on as a session when the time is over', async () => {
    await using my = await machine()
    const answer = await my.shell('echo begun; until [ -e go ]; do sleep 0.02; done; echo gone', {
      timeout_ms: 200,
    })
    expect(answer.text).toMatch(/^Process running with session ID /)
    writeFileSync(my.path('go'), '')
    const rest = await my.call('read_output', {
      session_id: sessionIdOf(answer),
      wait_for: 'exit',
      yield_time_ms: 5000,
    })
    expect(rest.text).toMatch(/^Process exited with code 0\n/)
    const [before, after] = [outputOf(answer), outputOf(rest)]
    expect(`${before.replace(/\[timeout_ms \(200\) is over .*\]\n/, '')}${after}`).toBe('begun\ngone\n')
  })
})

describe.each([
  ['that ends inputs', {}],
  ['that cannot end inputs', STOCK],
])('stdin on an executor %s', (_, changes) => {
  it('arrives whole, with its end', async () => {
    await using my = await machine(changes)
    const stdin = 'grün\nno newline'
    expect(outputOf(await my.shell(['cat'], { stdin }))).toBe(stdin)
    expect(outputOf(await my.shell('wc -c; echo over', { stdin: 'x'.repeat(1_000_000) }))).toMatch(
      /1000000\nover\n/,
    )
  })

  it('is empty when none is given', async () => {
    await using my = await machine(changes)
    expect(outputOf(await my.shell(['cat']))).toBe('')
  })

  it('leaves the exit code to the command', async () => {
    await using my = await machine(changes)
    expect((await my.shell('cat >/dev/null; exit 7', { stdin: 'x' })).text).toMatch(
      /^Process exited with code 7\n/,
    )
    expect((await my.shell(['sh', '-c', 'kill -9 $$'], { stdin: 'x' })).text).toMatch(
      /^Process exited with code 137\n/,
    )
  })

  it('need not be read', async () => {
    await using my = await machine(changes)
    const stdin = 'x'.repeat(1_000_000)
    expect((await my.shell(['true'], { stdin })).text).toMatch(/^Process exited with code 0\n/)
    expect((await my.shell('exec <&-; echo closed; exit 4', { stdin })).text).toMatch(
      /^Process exited with code 4\n/,
    )
    expect(outputOf(await my.shell(['head', '-c', '3'], { stdin }))).toBe('xxx')
  })

  it('is read as slowly as the command likes', async () => {
    await using my = await machine(changes)
    const answer = await my.shell(
      'read -r a; echo "$a" > seen; until [ -e go ]; do sleep 0.02; done; wc -c',
      {
        stdin: `first\n${'x'.repeat(500_000)}`,
        timeout_ms: 200,
      },
    )
    writeFileSync(my.path('go'), '')
    const rest = await my.call('read_output', {
      session_id: sessionIdOf(answer),
      wait_for: 'exit',
      yield_time_ms: 5000,
    })
    expect(outputOf(rest)).toMatch(/^500000\n/)
  })
})

describe('sessions on a real machine', () => {
  it('take input and give output', async () => {
    await using my = await machine()
    const answer = await my.call('exec_command', {
      command: 'echo ready; while read -r x; do echo "got $x"; done; echo over',
      yield_time_ms: 0,
    })
    const session_id = await untilReady(my, answer)
    await my.call('write_stdin', { session_id, chars: 'one\n', yield_time_ms: 0 })
    await my.call('write_stdin', { session_id, chars: 'two\n', close: true, yield_time_ms: 0 })
    const rest = await my.call('read_output', {
      session_id,
      wait_for: 'exit',
      yield_time_ms: 5000,
      after_seq: 0,
    })
    expect(outputOf(rest)).toMatch(/^ready\ngot one\ngot two\nover\n/)
  })

  it.each([
    ['the size it is given', {}],
    ['the size by stty', STOCK],
  ])('run on a terminal with %s, and end their input with Ctrl-D', async (_, changes) => {
    await using my = await machine(changes)
    const answer = await my.call('exec_command', {
      command: 'stty size; echo "$TERM"; printf "\\033[1mready\\033[0m\\n"; cat; echo over',
      tty: true,
      cols: 100,
      rows: 30,
      yield_time_ms: 0,
    })
    const session_id = await untilReady(my, answer)
    await my.call('write_stdin', { session_id, chars: 'hi\n', close: true, yield_time_ms: 0 })
    const rest = await my.call('read_output', {
      session_id,
      wait_for: 'exit',
      yield_time_ms: 5000,
      after_seq: 0,
    })
    expect(rest.text).toMatch(/^Process exited with code 0\n/)
    expect(outputOf(rest)).toMatch(/^30 100\ndumb\nready\nhi\nhi\n(\^D[\b]*)?over\n/)
  })

  it('end at an interrupt, or with their whole group', async () => {
    await using my = await machine()
    const seconds = uniqueSeconds()
    const polite = await my.call('exec_command', {
      command: 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.02; done',
      yield_time_ms: 0,
    })
    const ended = await my.call('terminate', { session_id: await untilReady(my, polite) })
    expect(ended.text).toMatch(/^Process exited with code 5\n/)
    expect(outputOf(ended)).toMatch(/caught\n\[It ended after an interrupt \(INT\)\]\n$/)
    const deaf = await my.call('exec_command', {
      command: `trap "" INT; sleep ${seconds} & echo ready; sleep ${seconds}; :`,
      yield_time_ms: 0,
    })
    const killed = await my.call('terminate', { session_id: await untilReady(my, deaf), signal: 'KILL' })
    expect(killed.text).toMatch(/^Process exited with code 137\n/)
    await expect.poll(() => processesWith(seconds)).toEqual([])
  })
})

describe('read_file on a real machine', () => {
  it('reads files of any name', async () => {
    await using my = await machine()
    for (const name of [
      'a b',
      '%41%2F',
      'q?x#y',
      '\'"$(x)`',
      'li\nne',
      'größe 日本 🙂',
      '-n',
      'back\\slash',
    ]) {
      writeFileSync(my.path(name), `I am ${name}`)
      const { content } = await my.call('read_file', { path: name })
      expect(content[0]).toEqual({ type: 'text', text: `I am ${name}` })
    }
  })

  it('reads files that have no size', async () => {
    await using my = await machine()
    expect((await my.call('read_file', { path: '/proc/self/status' })).text).toMatch(/^Name:/)
  })

  it('refuses directories, devices and what is missing', async () => {
    await using my = await machine()
    const read = async (path: string) => (await my.call('read_file', { path })).text
    expect(await read('.')).toMatch(/^\[conflict\] Cannot read .* on "box": it is a directory; shell/)
    expect(await read('/dev/zero')).toMatch(
      /^\[conflict\] Cannot read "\/dev\/zero" on "box": it is a device/,
    )
    expect(await read('no/such')).toMatch(/^\[not_found\] Cannot read ".*\/no\/such" on "box": no such file/)
  })
})
