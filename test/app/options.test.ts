import { describe, expect, it } from 'vitest'
import { parseOptions, type ServeOptions } from '../../src/app/options.ts'

const ENV = { WORKSPACE: 'w', LOOPBACK: 'l', SECRET: 's', BOX: 'b', EMPTY: '' }
const GATEWAY = [
  ...['--workspace-id', 'ws_1', '--exec-gateway-url', 'wss://gw.example.com/bridge'],
  ...['--workspace-token-env', 'WORKSPACE'],
]
const EXEC = ['--exec-gateway-internal-url', 'https://gw.example.com']
const APP = ['--app-gateway-internal', 'http://127.0.0.1:9/api', '--loopback-token-env', 'LOOPBACK']

const parse = (...argv: string[]) => parseOptions(argv, ENV, '/srv/app')

function options(...argv: string[]): ServeOptions {
  const parsed = parse(...argv)
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.options
}

function failure(...argv: string[]): string {
  const parsed = parse(...argv)
  return parsed.ok ? 'no failure' : parsed.message
}

describe('parseOptions', () => {
  it('has this machine as the one environment when nothing is given', () => {
    expect(options()).toEqual({
      gateway: undefined,
      direct: [],
      local: 'local',
      cwd: '/srv/app',
      log: { level: 'info', file: undefined },
    })
  })

  it('reads a gateway that lists the environments itself', () => {
    expect(options(...GATEWAY, ...EXEC)).toMatchObject({
      gateway: {
        workspaceId: 'ws_1',
        bridgeUrl: 'wss://gw.example.com/bridge',
        token: { kind: 'variable', name: 'WORKSPACE' },
        list: { form: 'exec', url: 'https://gw.example.com', token: { kind: 'variable', name: 'WORKSPACE' } },
        relay: undefined,
      },
      local: undefined,
    })
  })

  it('reads a gateway whose environments an app gateway lists', () => {
    expect(options(...GATEWAY, ...APP).gateway).toMatchObject({
      list: { form: 'app', url: 'http://127.0.0.1:9/api', token: { kind: 'variable', name: 'LOOPBACK' } },
      relay: undefined,
    })
  })

  it('lists by the app gateway and relays by the other address when both are given', () => {
    const secret = ['--exec-gateway-internal-secret-env', 'SECRET']
    expect(options(...GATEWAY, ...APP, ...EXEC, ...secret).gateway).toMatchObject({
      list: { form: 'app' },
      relay: { url: 'https://gw.example.com', secret: { kind: 'variable', name: 'SECRET' } },
    })
  })

  it('drops slashes at the end of a base', () => {
    const bridge = [
      '--workspace-id',
      'w',
      '--exec-gateway-url',
      'ws://h/bridge/',
      '--workspace-token-env',
      'WORKSPACE',
    ]
    expect(options(...bridge, '--exec-gateway-internal-url=http://h//').gateway).toMatchObject({
      bridgeUrl: 'ws://h/bridge',
      list: { url: 'http://h' },
    })
  })

  it('takes an empty value as not given', () => {
    const empty = [
      '--app-gateway-internal=',
      '--loopback-token-env',
      '',
      '--exec-gateway-internal-secret-env=',
    ]
    expect(options(...GATEWAY, ...EXEC, ...empty).gateway).toMatchObject({
      list: { form: 'exec' },
      relay: undefined,
    })
    expect(options('--log-file=', '--log-level=').log).toEqual({ level: 'info', file: undefined })
  })

  it('reads direct environments and their tokens, in their order', () => {
    const argv = [
      '--environment',
      'gpu=ws://10.0.0.1:1',
      '--environment=b.o_x-1=wss://h/a=b',
      '--environment-token-env',
      'gpu=BOX',
    ]
    expect(options(...argv)).toMatchObject({
      direct: [
        { name: 'gpu', url: 'ws://10.0.0.1:1', token: { kind: 'variable', name: 'BOX' } },
        { name: 'b.o_x-1', url: 'wss://h/a=b', token: undefined },
      ],
      gateway: undefined,
      local: undefined,
    })
  })

  it('takes each secret from a variable, a file or a command', () => {
    const gateway = ['--workspace-id', 'ws_1', '--exec-gateway-url', 'wss://gw/bridge', ...EXEC]
    expect(options(...gateway, '--workspace-token-file', 'tokens/ws').gateway?.token).toEqual({
      kind: 'file',
      path: '/srv/app/tokens/ws',
    })
    const command = ['--workspace-token-command', "fetch 'my token' --for ws_1"]
    expect(options(...gateway, ...command).gateway).toMatchObject({
      token: { kind: 'command', argv: ['fetch', 'my token', '--for', 'ws_1'] },
      list: { token: { kind: 'command' } },
    })
    const others = [
      ...['--app-gateway-internal', 'http://127.0.0.1:9', '--loopback-token-file', '/run/loopback'],
      ...['--exec-gateway-internal-secret-command', 'get-secret'],
    ]
    expect(options(...GATEWAY, ...EXEC, ...others).gateway).toMatchObject({
      list: { token: { kind: 'file', path: '/run/loopback' } },
      relay: { secret: { kind: 'command', argv: ['get-secret'] } },
    })
    const direct = ['--environment', 'gpu=ws://h', '--environment-token-file', 'gpu=gpu.token']
    expect(options(...direct).direct[0]?.token).toEqual({ kind: 'file', path: '/srv/app/gpu.token' })
  })

  it('combines a gateway and direct environments', () => {
    const { gateway, direct } = options(...GATEWAY, ...EXEC, '--environment', 'box=ws://h')
    expect(gateway).toBeDefined()
    expect(direct).toHaveLength(1)
  })

  it('reads where to log, relative to the working directory', () => {
    expect(options('--log-level=debug', '--log-file', 'logs/x.log').log).toEqual({
      level: 'debug',
      file: '/srv/app/logs/x.log',
    })
    expect(options('--log-file', '/var/log/x').log.file).toBe('/var/log/x')
  })

  describe('says in one line what would be right', () => {
    const NAME_RULE = 'it must be 1 to 64 of letters, digits, ".", "_" and "-"'
    const cases: [string, string[], string][] = [
      [
        'one secret from two places',
        [...GATEWAY, ...EXEC, '--workspace-token-file', 'x'],
        'Flags "--workspace-token-env", "--workspace-token-file" name one secret: give one of them',
      ],
      [
        'a token from two places',
        ['--environment=a=ws://h', '--environment-token-env', 'a=BOX', '--environment-token-file', 'a=x'],
        'Flags "--environment-token-env" and "--environment-token-file" both name environment "a": give one of them',
      ],
      [
        'a token file without its environment',
        ['--environment-token-file', 'a=x'],
        'Flag "--environment-token-file" names environment "a", which is not there: add "--environment a=URL"',
      ],
      [
        'a command that is not whole',
        ['--workspace-token-command', "get 'x"],
        `Flag "--workspace-token-command" cannot be split into words: the quote ' at character 5 is never closed`,
      ],
      [
        'an unknown flag',
        ['--enviroment', 'a=ws://h'],
        'Unknown flag "--enviroment", nearest is "--environment"',
      ],
      [
        'a secret as a value',
        ['--workspace-token=s3cret'],
        'Unknown flag "--workspace-token", nearest is "--workspace-token-env"',
      ],
      ['a flag like no other', ['--xyzzy=1'], 'Unknown flag "--xyzzy": --help lists the flags'],
      [
        'a flag of another command',
        ['--listen', 'ws://127.0.0.1:0'],
        'Unknown flag "--listen": --help lists the flags',
      ],
      ['a negated switch', ['--no-help'], 'Unknown flag "--no-help": --help lists the flags'],
      ['a stray argument', ['box'], 'Unexpected argument "box": flags begin with "--"'],
      [
        'what stands after --',
        ['--', '--log-level', 'debug'],
        'Unexpected argument "--": there is nothing but flags',
      ],
      [
        'a flag at the end without its value',
        ['--log-level'],
        'Flag "--log-level" has no value: write "--flag value" or "--flag=value"',
      ],
      [
        'a flag before a flag',
        ['--workspace-id', '--log-level', 'info'],
        'Flag "--workspace-id" has no value: write "--flag value" or "--flag=value"',
      ],
      [
        'a flag given twice',
        ['--log-level', 'info', '--log-level', 'info'],
        'Flag "--log-level" is given more than once: give it once',
      ],
      [
        'an unknown level',
        ['--log-level', 'loud'],
        'Flag "--log-level" is "loud": it must be one of "debug", "info", "warn", "error", "silent"',
      ],
      [
        'an unset variable',
        [...GATEWAY.slice(0, 4), '--workspace-token-env', 'NOPE', ...EXEC],
        'Flag "--workspace-token-env" names variable "NOPE", which is unset or empty: set it to the secret',
      ],
      [
        'an empty variable',
        [...GATEWAY.slice(0, 4), '--workspace-token-env', 'EMPTY', ...EXEC],
        'Flag "--workspace-token-env" names variable "EMPTY", which is unset or empty: set it to the secret',
      ],
      [
        'a token in place of its variable',
        ['--loopback-token-env', 'eyJ.abc-d'],
        'Flag "--loopback-token-env" is not the name of a variable: a secret is never given as a value, only the variable that holds it',
      ],
      [
        'a gateway without its address',
        ['--workspace-id', 'w', '--workspace-token-env', 'WORKSPACE'],
        'Flag "--exec-gateway-url" is missing: "--workspace-id" needs it',
      ],
      [
        'a gateway with one flag',
        APP,
        'Flags "--workspace-id", "--exec-gateway-url", "--workspace-token-env" are missing: "--app-gateway-internal" needs them',
      ],
      [
        'a gateway that lists nowhere',
        GATEWAY,
        'Flag "--exec-gateway-internal-url" is missing: it, or "--app-gateway-internal" with "--loopback-token-env", says where environments are listed',
      ],
      [
        'an app gateway without its token',
        [...GATEWAY, ...APP.slice(0, 2)],
        'Flag "--loopback-token-env" is missing: "--app-gateway-internal" needs it',
      ],
      [
        'a loopback token without its gateway',
        [...GATEWAY, ...APP.slice(2)],
        'Flag "--app-gateway-internal" is missing: "--loopback-token-env" needs it',
      ],
      [
        'a relay secret without its address',
        [...GATEWAY, ...APP, '--exec-gateway-internal-secret-env', 'SECRET'],
        'Flag "--exec-gateway-internal-url" is missing: "--exec-gateway-internal-secret-env" needs it',
      ],
      [
        'a gateway with another scheme',
        ['--exec-gateway-url', 'https://h/bridge'],
        'Flag "--exec-gateway-url" has a URL with "https:": it must begin with ws:// or wss://',
      ],
      [
        'an internal address with another scheme',
        ['--exec-gateway-internal-url', 'ws://h'],
        'Flag "--exec-gateway-internal-url" has a URL with "ws:": it must begin with http:// or https://',
      ],
      [
        'no URL at all',
        ['--exec-gateway-url', 'gateway'],
        'Flag "--exec-gateway-url" is not a URL: it must begin with ws:// or wss://',
      ],
      [
        'a password in a URL',
        ['--environment', 'box=ws://me:s3cret@h'],
        'Flag "--environment" for "box" has a user or password in its URL: tokens come from variables',
      ],
      [
        'a token in a query',
        ['--environment', 'box=wss://h/?token=s3cret'],
        'Flag "--environment" for "box" has a "?" or "#" in its URL: tokens come from variables, and nothing else belongs there',
      ],
      [
        'an environment without a URL',
        ['--environment', 'box'],
        'Flag "--environment" has no "=": it must be NAME=URL',
      ],
      [
        'an environment without a name',
        ['--environment', '=ws://h'],
        `Flag "--environment" has the name "": ${NAME_RULE}`,
      ],
      [
        'a name with a space',
        ['--environment', 'my box=ws://h'],
        `Flag "--environment" has the name "my box": ${NAME_RULE}`,
      ],
      [
        'a name with a slash',
        ['--environment', 'a/b=ws://h'],
        `Flag "--environment" has the name "a/b": ${NAME_RULE}`,
      ],
      [
        'a name that comes twice',
        ['--environment', 'a=ws://h', '--environment', 'a=ws://i'],
        'Environment "a" is given twice, by "--environment a=ws://h" and "--environment a=ws://i": each name may be given once',
      ],
      [
        'a token for nobody',
        ['--environment', 'a=ws://h', '--environment-token-env', 'b=BOX'],
        'Flag "--environment-token-env" names environment "b", which is not there: add "--environment b=URL"',
      ],
      [
        'an unset token of an environment',
        ['--environment', 'a=ws://h', '--environment-token-env', 'a=NOPE'],
        'Flag "--environment-token-env" for "a" names variable "NOPE", which is unset or empty: set it to the secret',
      ],
      [
        'a workspace with a line break',
        ['--workspace-id', 'a\nb'],
        'Flag "--workspace-id" has control characters: give plain text',
      ],
    ]
    it.each(cases)('%s', (_what, argv, message) => {
      expect(failure(...argv)).toBe(message)
    })

    it.each(cases)('%s: on one line, without the secret', (_what, argv) => {
      expect(failure(...argv)).not.toMatch(/\n|s3cret|eyJ/)
    })
  })

  it('takes a name of 64 characters, and none of 65', () => {
    expect(options('--environment', `${'x'.repeat(64)}=ws://h`).direct).toHaveLength(1)
    expect(failure('--environment', `${'x'.repeat(65)}=ws://h`)).toContain('it must be 1 to 64')
  })
})
