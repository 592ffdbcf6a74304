import { describe, expect, it } from 'vitest'
import { parseBeside, parseGatewayOptions } from '../../src/cli/gateway-options.ts'

const parse = (...argv: string[]) => parseGatewayOptions(argv, { XDG_STATE_HOME: '/state' }, '/here')

describe('parseGatewayOptions', () => {
  it('listens on loopback without any flag', () => {
    expect(parse()).toMatchObject({
      ok: true,
      options: { host: '127.0.0.1', port: 7420, tls: undefined, isBehindProxy: false, publicUrl: undefined },
    })
  })

  it.each([
    [[], '/state/env-mcp/gateway/audit.jsonl'],
    [['--state', 'st'], '/here/st/audit.jsonl'],
    [['--audit', 'a.jsonl'], '/here/a.jsonl'],
    [['--audit', 'off'], undefined],
  ])('with %j writes the audit to %j', (argv, auditFile) => {
    expect(parse(...argv)).toMatchObject({ ok: true, options: { auditFile } })
  })

  it('takes files as from here', () => {
    const flags = ['--state', 'st', '--tls-cert', 'c.pem', '--tls-key', '/k.pem', '--log-file', 'log']
    expect(parse(...flags)).toMatchObject({
      options: {
        stateDirectory: '/here/st',
        tls: { certFile: '/here/c.pem', keyFile: '/k.pem' },
        log: { file: '/here/log' },
      },
    })
  })

  it.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['localhost:7420', 'localhost', 7420],
    ['[::1]:7420', '::1', 7420],
  ])('listens on %s in clear', (address, host, port) => {
    expect(parse('--listen', address)).toMatchObject({ ok: true, options: { host, port } })
  })

  it.each(['0.0.0.0:7420', '[::]:7420', '192.0.2.1:7420', 'gate.example:7420'])(
    'listens on %s only with TLS, its own or that of a proxy',
    (address) => {
      expect(parse('--listen', address)).toMatchObject({
        ok: false,
        message: expect.stringContaining('which others can reach: give "--tls-cert" and "--tls-key"'),
      })
      expect(parse('--listen', address, '--behind-proxy')).toMatchObject({ ok: true })
      expect(parse('--listen', address, '--tls-cert', 'c', '--tls-key', 'k')).toMatchObject({ ok: true })
    },
  )

  it.each([
    [['--listen', '7420'], 'Flag "--listen" is "7420": it must be HOST:PORT'],
    [['--listen', 'ws://127.0.0.1:7420'], 'it must be HOST:PORT'],
    [['--listen', '127.0.0.1:70000'], 'it must be HOST:PORT'],
    [['--tls-cert', 'c'], 'Flag "--tls-key" is missing: "--tls-cert" needs it'],
    [['--tls-key', 'k'], 'Flag "--tls-cert" is missing: "--tls-key" needs it'],
    [['--public-url', 'gate.example'], 'Flag "--public-url"'],
    [['--public-url', 'https://u:p@gate.example'], 'has a user or password'],
    [['--stat', 'x'], 'Unknown flag "--stat", nearest is "--state"'],
  ])('refuses %j', (argv, message) => {
    expect(parse(...argv)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
  })
})

describe('parseBeside', () => {
  it('says which flag a command needs', () => {
    const needed = ['workspace', 'name'] as const
    expect(parseBeside(['--workspace', 'w'], 'gateway token join', needed)).toEqual({
      ok: false,
      message: 'Flag "--name" is missing: "env-mcp gateway token join" needs it',
    })
  })

  it.each([
    ['gateway token join', ['--workspace', '../w'], 'it must be 1 to 64 of letters'],
    ['gateway token workspace', ['--ttl', '5'], 'it must be a time, such as 90s'],
    ['gateway token workspace', ['--ttl', '0h'], 'it must be a time'],
    ['gateway status', ['--workspace', 'w'], 'Unknown flag "--workspace"'],
  ] as const)('of "%s" refuses %j', (command, argv, message) => {
    expect(parseBeside(argv, command, [])).toMatchObject({
      ok: false,
      message: expect.stringContaining(message),
    })
  })
})
