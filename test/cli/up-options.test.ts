import { describe, expect, it } from 'vitest'
import { nameOf, parseUpOptions } from '../../src/cli/up-options.ts'

const parse = (...argv: string[]) => parseUpOptions(argv, { XDG_STATE_HOME: '/state' }, '/here')

describe('parseUpOptions', () => {
  it('is a gateway on loopback in the usual state, without any flag', () => {
    expect(parse()).toMatchObject({
      ok: true,
      options: {
        gateway: {
          ...{ host: '127.0.0.1', port: 7420, tls: undefined, isBehindProxy: false, publicUrl: undefined },
          ...{ stateDirectory: '/state/env-mcp/gateway', auditFile: '/state/env-mcp/gateway/audit.jsonl' },
          log: { level: 'error', file: undefined },
        },
      },
    })
  })

  it('takes the name of this machine, a place, a port', () => {
    expect(
      parse('--name', 'box', '--state', 'st', '--listen', 'localhost:1', '--audit', 'off'),
    ).toMatchObject({
      ok: true,
      options: {
        name: 'box',
        gateway: { host: 'localhost', port: 1, stateDirectory: '/here/st', auditFile: undefined },
      },
    })
  })

  it.each([
    [['--listen', '0.0.0.0:7420'], 'which others can reach: for that run "env-mcp gateway", with TLS'],
    [['--name', '../x'], 'Flag "--name"'],
    [['--tls-cert', 'c'], 'Unknown flag "--tls-cert"'],
    [['--public-url', 'https://gate.example'], 'Unknown flag "--public-url"'],
    [['--behind-proxy'], 'Unknown flag "--behind-proxy"'],
  ])('refuses %j', (argv, message) => {
    expect(parse(...argv)).toMatchObject({ ok: false, message: expect.stringContaining(message) })
  })
})

describe('nameOf', () => {
  it.each([
    ['laptop', 'laptop'],
    ['laptop.example.org', 'laptop'],
    ['ünnamed.local', 'this-machine'],
    ['', 'this-machine'],
  ])('calls the host "%s" "%s"', (host, name) => {
    expect(nameOf(host)).toBe(name)
  })
})
