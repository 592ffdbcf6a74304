import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { failure, openScripted } from '../support/scripted-client.ts'
import {
  ENVIRONMENT_INFO,
  NO_ANSWER,
  OLDER,
  Refusal,
  ScriptedExecServer,
  type ScriptedServerOptions,
} from '../support/scripted-exec-server.ts'

const SHELL_SAYS = { output: ['welcome!\n', '\0Linux\0/bin/zsh\0/srv/old\0/home/old\0/var/tmp'] }

/** A server of that age whose login shell answers. */
function older(age: keyof typeof OLDER): ScriptedServerOptions {
  return { answers: OLDER[age], program: () => SHELL_SAYS }
}

describe('BridgeClient.open', () => {
  it('greets in order: initialize, its answer, initialized, then everything else', async () => {
    await using box = await openScripted()
    expect(box.server.methods).toEqual(['initialize', 'initialized', 'fs/getMetadata'])
    expect(box.server.calls('initialize')).toEqual([{ clientName: 'env-mcp' }])
    expect(box.server.calls('fs/getMetadata')).toEqual([{ path: '/' }])
  })

  it('takes everything from the handshake of a new executor and starts nothing', async () => {
    await using box = await openScripted()
    expect(box.client.info).toEqual({
      os: 'linux',
      shell: { name: 'bash', path: '/bin/bash' },
      cwd: '/srv/app',
      home: '/home/u',
      tempDir: '/tmp',
      version: '0.169.0',
      askedShell: false,
    })
    expect(box.server.calls('process/start')).toEqual([])
  })

  it('asks a login shell for what 0.150 does not tell, and keeps what it tells', async () => {
    await using box = await openScripted(older('0.150'))
    expect(box.client.info).toMatchObject({
      cwd: '/srv/app',
      home: '/home/old',
      os: 'linux',
      askedShell: true,
    })
    expect(box.server.calls('environment/info')).toEqual([])
    expect(box.server.calls('process/start')).toHaveLength(1)
    expect(box.server.calls('process/start')[0].argv.slice(0, 2)).toEqual(['/bin/sh', '-lc'])
  })

  it('uses environment/info where the handshake tells nothing', async () => {
    await using box = await openScripted(older('0.145'))
    expect(box.client.info).toMatchObject({ cwd: '/srv/app', shell: { path: '/bin/bash' }, askedShell: true })
  })

  it('asks a login shell for all where there is no environment/info', async () => {
    await using box = await openScripted(older('0.132'))
    expect(box.client.info).toEqual({
      os: 'linux',
      shell: { name: 'zsh', path: '/bin/zsh' },
      cwd: '/srv/old',
      home: '/home/old',
      tempDir: '/var/tmp',
      version: undefined,
      askedShell: true,
    })
  })

  it('takes what every POSIX system has when the login shell fails', async () => {
    await using box = await openScripted({ answers: OLDER['0.132'], program: () => ({ exitCode: 1 }) })
    expect(box.client.info).toMatchObject({
      shell: { name: 'sh', path: '/bin/sh' },
      cwd: '/',
      home: undefined,
    })
  })

  it('sends URIs to those that refuse a plain path, and plain paths to the others', async () => {
    for (const [age, wanted] of [
      ['0.145', 'file:///a%20b'],
      ['0.142', '/a b'],
      ['0.132', '/a b'],
    ] as const) {
      await using box = await openScripted(older(age))
      await box.client.metadata('/a b')
      expect(box.server.calls('fs/getMetadata').at(-1)).toEqual({ path: wanted })
    }
  })

  it('finds out what an executor can do', async () => {
    const features = async (options?: ScriptedServerOptions) => {
      await using box = await openScripted(options)
      const { signals, readBlocks, writeBlocks } = box.client.features
      return { signals, readBlocks, writeBlocks }
    }
    expect(await features()).toEqual({ signals: ['INT'], readBlocks: true, writeBlocks: true })
    expect(await features(older('0.150'))).toEqual({ signals: ['INT'], readBlocks: true, writeBlocks: false })
    expect(await features(older('0.142'))).toEqual({ signals: ['INT'], readBlocks: true, writeBlocks: false })
    expect(await features(older('0.132'))).toEqual({ signals: [], readBlocks: false, writeBlocks: false })
  })

  it('believes the value of fileWriteStreaming, not the key', async () => {
    // 0.161.0 has the key with the value false, and opens for reading what was to be written.
    const environmentInfo = { ...ENVIRONMENT_INFO, capabilities: { fileWriteStreaming: false } }
    await using box = await openScripted({
      answers: { initialize: () => ({ sessionId: 's', environmentInfo }) },
    })
    expect(box.client.features.writeBlocks).toBe(false)
  })

  it('knows our own executor by its capabilities', async () => {
    const capabilities = {
      fileWriteStreaming: true,
      envMcpSignals: true,
      envMcpCloseStdin: true,
      envMcpTtySize: true,
      envMcpRename: true,
    }
    const environmentInfo = { ...ENVIRONMENT_INFO, capabilities }
    await using box = await openScripted({
      answers: { initialize: () => ({ sessionId: 's', environmentInfo }) },
    })
    expect(box.client.features).toMatchObject({
      signals: ['INT', 'TERM', 'KILL', 'HUP'],
      closeStdin: true,
      ttySize: true,
      rename: true,
    })
  })

  it('reads paths and shells of the handshake in both forms', async () => {
    const environmentInfo = { ...ENVIRONMENT_INFO, cwd: '/plain', userHomeDir: 'file:///C:/Users/u' }
    await using box = await openScripted({
      answers: { initialize: () => ({ sessionId: 's', environmentInfo }) },
    })
    expect(box.client.info).toMatchObject({ cwd: '/plain', home: 'C:\\Users\\u' })
  })

  it('takes a field of another type for one that is not there', async () => {
    const environmentInfo = { ...ENVIRONMENT_INFO, executorVersion: 7, tempDir: null, capabilities: [] }
    await using box = await openScripted({
      answers: { initialize: () => ({ sessionId: 's', environmentInfo }) },
    })
    expect(box.client.info).toMatchObject({ version: undefined, tempDir: '/tmp' })
    expect(box.client.features.writeBlocks).toBe(false)
  })

  it('says why when the executor refuses, and closes', async () => {
    const server = new ScriptedExecServer({
      answers: {
        initialize: () => {
          throw new Refusal(-32600, 'no more sessions')
        },
      },
    })
    const error = await failure(BridgeClient.open(server.transport, { name: 'box' }))
    expect(error.text).toBe(
      '[unavailable] Cannot connect to "box": the executor refused the connection: no more sessions',
    )
    expect(server.closedReason).toBeDefined()
  })

  it('gives up in bounded time on an executor that answers nothing', async () => {
    const server = new ScriptedExecServer({ answers: { initialize: () => NO_ANSWER } })
    const error = await failure(BridgeClient.open(server.transport, { name: 'box', timeoutMs: 20 }))
    expect(error.text).toBe('[deadline] Greeting "box" took longer than 20 ms')
    expect(server.closedReason).toBeDefined()
  })

  it('gives up on one that answers with something else', async () => {
    for (const answer of [null, [], 'hello', {}, { sessionId: 7 }]) {
      const server = new ScriptedExecServer({ answers: { initialize: () => answer } })
      const error = await failure(BridgeClient.open(server.transport, { name: 'box' }))
      expect(error.text).toMatch(
        /^\[unavailable\] Cannot connect to "box": the executor answered initialize with something else/,
      )
    }
  })

  it('says so when the connection ends in the middle', async () => {
    const server = new ScriptedExecServer({ answers: { initialize: () => NO_ANSWER } })
    const opening = failure(BridgeClient.open(server.transport, { name: 'box' }))
    await server.next('initialize')
    server.drop()
    expect((await opening).text).toMatch(
      /^\[unavailable\] Cannot connect to "box": the connection to "box" ended at .*socket hang up/,
    )
  })

  it('stops when the caller does', async () => {
    const server = new ScriptedExecServer({ answers: { initialize: () => NO_ANSWER } })
    const caller = new AbortController()
    const opening = failure(BridgeClient.open(server.transport, { name: 'box', signal: caller.signal }))
    caller.abort()
    expect((await opening).code).toBe('canceled')
  })
})
