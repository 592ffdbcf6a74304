import { describe, expect, it } from 'vitest'
import { joinLines, serveFlags, shellWord, sshLines, stateWords } from '../../src/cli/gateway-words.ts'

const lines = (url: string) => joinLines({ url, exeId: 'exe_1', name: 'box', token: 'claims.signature' })
const commands = (url: string) =>
  lines(url)
    .split('\n')
    .filter((line) => line.startsWith('  '))

describe('joinLines', () => {
  it('has codex bring an API key where the gateway is on loopback, and says how others reach it', () => {
    const url = 'http://127.0.0.1:7420'
    expect(lines(url)).toContain(
      'or on another in "ssh -o ExitOnForwardFailure=yes -R 7420:127.0.0.1:7420 HOST"',
    )
    expect(commands(url)).toEqual([
      `  CODEX_API_KEY='claims.signature' codex exec-server --remote ${url} --environment-id exe_1`,
      `  AWS_ACCESS_KEY_ID='claims' AWS_SECRET_ACCESS_KEY='signature' codex exec-server --remote ${url} --environment-id exe_1 --remote-transport direct --aws-sigv4 --aws-region us-east-1`,
      `  env-mcp executor --gateway ${url} --token-file FILE`,
    ])
  })

  it('has codex read a bearer where the gateway has TLS: it sends no API key to others', () => {
    const url = 'https://gate.example/env'
    expect(lines(url)).not.toMatch(/CODEX_API_KEY|ssh/)
    expect(commands(url)[0]).toBe(
      `  printf '%s\\n' 'claims.signature' | codex exec-server --remote ${url} --environment-id exe_1 --registration-bearer-stdin`,
    )
  })
})

describe('sshLines', () => {
  it('joins a machine in one line, with the token in the pipe alone', () => {
    const url = 'http://127.0.0.1:7420'
    const ssh =
      'env-mcp gateway token join --name HOST | ssh -o ExitOnForwardFailure=yes -R 7420:127.0.0.1:7420 HOST'
    expect(sshLines({ url, tokenCommand: 'env-mcp gateway token join --name HOST' })).toEqual({
      codex: `${ssh} 'CODEX_API_KEY=$(cat) exec codex exec-server --remote ${url} --environment-id HOST'`,
      ours: `${ssh} 'umask 077; cat >.env-mcp-token; exec env-mcp executor --gateway ${url} --token-file .env-mcp-token'`,
    })
  })
})

describe('serveFlags', () => {
  it.each([
    ['http://127.0.0.1:7420', 'ws://127.0.0.1:7420/bridge'],
    ['https://gate.example/env', 'wss://gate.example/env/bridge'],
  ])('reaches the bridges of %s at %s', (url, bridge) => {
    expect(serveFlags(url, 'main')).toEqual([
      ...['serve', '--workspace-id', 'main', '--exec-gateway-url', bridge],
      ...['--exec-gateway-internal-url', url],
    ])
  })
})

describe('the words of a command', () => {
  it('are such that a shell takes each for one', () => {
    expect(["/a b/it's", '/usr/bin/node'].map(shellWord)).toEqual(["'/a b/it'\\''s'", '/usr/bin/node'])
    expect(stateWords('/my state', '/usual')).toBe(" --state '/my state'")
    expect(stateWords('/usual', '/usual')).toBe('')
  })
})
