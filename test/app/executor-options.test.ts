import { describe, expect, it } from 'vitest'
import { parseExecutorOptions } from '../../src/app/executor-options.ts'

const parse = (...argv: string[]) => parseExecutorOptions(argv, { BOX: 'b' }, '/srv/app')
const GATEWAY = ['--gateway', 'https://gw.example', '--token-file', 'token']

describe('parseExecutorOptions', () => {
  it('listens on a free loopback port by default', () => {
    expect(parse()).toEqual({
      ok: true,
      options: {
        door: { kind: 'listen', host: '127.0.0.1', port: 0, tokenEnv: undefined },
        shared: { retainMs: 86_400_000, spoolDirectory: undefined },
        root: undefined,
        isReadOnly: false,
        identity: { user: undefined, group: undefined },
        printService: false,
        exitOnStdinClose: false,
        log: { level: 'info', file: undefined },
      },
    })
  })

  it.each([
    ['ws://127.0.0.1:4500', '127.0.0.1', 4500],
    ['ws://127.1.2.3:4500/', '127.1.2.3', 4500],
    ['ws://[::1]:4500', '::1', 4500],
    ['ws://localhost:4500', 'localhost', 4500],
  ])('listens on %s', (url, host, port) => {
    expect(parse('--listen', url)).toMatchObject({ ok: true, options: { door: { host, port } } })
  })

  it.each([
    ['ws://0.0.0.0:1', 'has the host "0.0.0.0": it must be a loopback address, 127.0.0.1 or [::1]'],
    ['ws://example.com:1', 'has the host "example.com": it must be a loopback address, 127.0.0.1 or [::1]'],
    [
      'ws://127.0.0.1.evil.com:1',
      'has the host "127.0.0.1.evil.com": it must be a loopback address, 127.0.0.1 or [::1]',
    ],
    ['wss://127.0.0.1:1', 'has a URL with "wss:": it must begin with ws://'],
    ['ws://127.0.0.1:1/x', 'has a path: it must be ws://127.0.0.1:PORT'],
  ])('does not listen on %s', (url, why) => {
    expect(parse('--listen', url)).toEqual({ ok: false, message: `Flag "--listen" ${why}` })
  })

  it('dials in to a gateway, with a token from a file', () => {
    const more = ['--name', 'box', '--description', 'the big one']
    expect(parse(...GATEWAY, ...more)).toMatchObject({
      options: {
        door: {
          kind: 'gateway',
          url: 'https://gw.example',
          tokenFile: '/srv/app/token',
          name: 'box',
          description: 'the big one',
        },
      },
    })
    expect(parse('--gateway', 'http://127.0.0.1:7420', '--token-file', '/t')).toMatchObject({ ok: true })
  })

  it('serves one client on standard input and output', () => {
    expect(parse('--stdio')).toMatchObject({ options: { door: { kind: 'stdio' } } })
  })

  it.each([
    [['--gateway', 'https://gw.example'], 'Flag "--token-file" is missing: "--gateway" needs it'],
    [
      ['--gateway', 'http://gw.example', '--token-file', 't'],
      'Flag "--gateway" has the host "gw.example" without TLS: the token would travel in clear, use https://',
    ],
    [
      [...GATEWAY, '--listen', 'ws://127.0.0.1:1'],
      'Flags "--listen" and "--gateway" exclude each other: an executor has one door',
    ],
    [['--stdio', ...GATEWAY], 'Flags "--gateway" and "--stdio" exclude each other: an executor has one door'],
    [['--token-file', 't'], 'Flag "--token-file" goes with "--gateway", not with "--listen"'],
    [['--stdio', '--name', 'n'], 'Flag "--name" goes with "--gateway", not with "--stdio"'],
    [
      ['--retain', '29s'],
      'Flag "--retain" is 29s: it must be 30s or more, a client that lost its connection needs that to come back',
    ],
    [
      ['--stdio', '--retain=1h'],
      'Flag "--retain" does not go with "--stdio": there processes end with their client',
    ],
    [
      ['--stdio', '--spool', 'out'],
      'Flag "--spool" does not go with "--stdio": there processes end with their client',
    ],
    [
      ['--stdio', '--print-service'],
      'Flag "--print-service" does not go with "--stdio": nobody is at the other end of a service',
    ],
    [
      ['--print-service', '--exit-on-stdin-close'],
      'Flag "--print-service" does not go with "--exit-on-stdin-close": nobody is at the other end of a service',
    ],
    [[...GATEWAY, '--token-env', 'BOX'], 'Flag "--token-env" goes with "--listen", not with "--gateway"'],
  ])('refuses %j', (argv, message) => {
    expect(parse(...argv)).toEqual({ ok: false, message })
  })

  it('reads what it may use, and as whom', () => {
    const flags = ['--root', 'srv', '--read-only', '--user', 'build', '--group', '100', '--print-service']
    expect(parse(...flags)).toMatchObject({
      options: {
        root: '/srv/app/srv',
        isReadOnly: true,
        identity: { user: 'build', group: '100' },
        printService: true,
      },
    })
  })

  it('keeps processes as long as it is told, and where', () => {
    expect(parse('--retain', '2h', '--spool', 'out')).toMatchObject({
      options: { shared: { retainMs: 7_200_000, spoolDirectory: '/srv/app/out' } },
    })
    expect(parse('--stdio')).toMatchObject({ options: { shared: undefined } })
  })

  it('reads its switches and variables', () => {
    expect(parse('--exit-on-stdin-close', '--token-env=BOX')).toMatchObject({
      options: { exitOnStdinClose: true, door: { tokenEnv: 'BOX' } },
    })
    expect(parse('--token-env=NOPE')).toMatchObject({ ok: false })
  })

  it('knows no flags of serve', () => {
    expect(parse('--environment', 'a=ws://h')).toMatchObject({ ok: false })
  })
})
