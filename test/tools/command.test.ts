import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import type { ExecutorInfo } from '../../src/protocol/executor.ts'
import { argvOf, parseCommand, withInputOf, withSize } from '../../src/tools/command.ts'

const INFO: ExecutorInfo = {
  os: 'linux',
  shell: { name: 'bash', path: '/bin/bash' },
  cwd: '/',
  home: '/',
  tempDir: '/tmp',
  version: undefined,
  askedShell: false,
}

function argv(raw: Record<string, unknown>, shell = '/bin/bash'): string[] {
  return argvOf(parseCommand(raw), { ...INFO, shell: { name: 'x', path: shell } })
}

describe('parseCommand', () => {
  it('takes the names that models know from codex', () => {
    expect(parseCommand({ cmd: 'ls', workdir: '/x' })).toMatchObject({ command: 'ls', cwd: '/x' })
  })

  it('takes an array that was written as a text', () => {
    expect(parseCommand({ command: '["ls", "-l"]' }).command).toEqual(['ls', '-l'])
    expect(parseCommand({ command: '[ -e x ] && ls' }).command).toBe('[ -e x ] && ls')
    expect(parseCommand({ command: '["ls' }).command).toBe('["ls')
  })

  it('takes numbers among the words', () => {
    expect(parseCommand({ command: ['sleep', 1] }).command).toEqual(['sleep', '1'])
  })

  it.each([[undefined], [''], ['  '], [[]], [['']], [null], [7]])('refuses %j with an example', (command) => {
    expect(() => parseCommand({ command })).toThrow(
      /command is missing or empty.*\{"command":\["ls","-l"\]\}/,
    )
  })

  it('refuses what cannot be words', () => {
    expect(() => parseCommand({ command: ['ls', { a: 1 }] })).toThrow('command must hold texts only')
    expect(() => parseCommand({ command: ['ls', 'a\0b'] })).toThrow('holds a NUL character')
    expect(() => parseCommand({ command: 'ls', cwd: 'a\0b' })).toThrow('cwd holds a NUL character')
  })
})

describe('argvOf', () => {
  it('leaves an array as it is', () => {
    expect(argv({ command: ['a', 'b c'] })).toEqual(['a', 'b c'])
  })

  it.each([
    ['/bin/bash', ['/bin/bash', '-lc', 'x']],
    ['/usr/bin/fish', ['/usr/bin/fish', '-lc', 'x']],
    ['/bin/tcsh', ['/bin/tcsh', '-c', 'x']],
    ['C:\\Windows\\system32\\cmd.exe', ['C:\\Windows\\system32\\cmd.exe', '/d', '/s', '/c', 'x']],
    ['powershell.exe', ['powershell.exe', '-NonInteractive', '-Command', 'x']],
  ])('gives a text to %s as it wants it', (shell, words) => {
    expect(argv({ command: 'x' }, shell)).toEqual(words)
  })

  it('takes another shell, and no login, when the call says so', () => {
    expect(argv({ command: 'x', shell: '/bin/zsh', login: false })).toEqual(['/bin/zsh', '-c', 'x'])
  })
})

describe('withInputOf', () => {
  function run(argv: string[], input: string) {
    const [file, ...args] = withInputOf(Buffer.byteLength(input), argv)
    return spawnSync(file!, args, { input: `${input}and more`, encoding: 'utf8' })
  }

  it('ends the input after so many bytes', () => {
    expect(run(['cat'], 'grün\nno newline').stdout).toBe('grün\nno newline')
  })

  it('keeps the exit code, and the words as they are', () => {
    const { status, stdout } = run(
      ['sh', '-c', 'cat >/dev/null; printf "<%s>" "$@"; exit 7', 'sh', 'a b', '"$x"', "'"],
      'x',
    )
    expect(stdout).toBe('<a b><"$x"><\'>')
    expect(status).toBe(7)
  })

  it('runs the program of that name, not what a shell has built in', () => {
    expect(run(['echo', '-e', 'a\\tb'], 'x').stdout).toBe('a\tb\n')
  })

  it('does not wait for a command that does not read', () => {
    expect(run(['true'], 'x'.repeat(1_000_000)).status).toBe(0)
    expect(run(['sh', '-c', 'exit 3'], 'x'.repeat(1_000_000)).status).toBe(3)
  })

  it('reports a command that is not there as a shell does', () => {
    expect(run(['no-such-program'], 'x').status).toBe(127)
  })
})

describe('withSize', () => {
  it('runs the command all the same where there is no terminal', () => {
    const [file, ...args] = withSize({ cols: 100, rows: 30 }, ['echo', 'a  b'])
    expect(spawnSync(file!, args, { encoding: 'utf8' }).stdout).toBe('a  b\n')
  })
})
