import { afterEach, describe, expect, it } from 'vitest'
import { Credentials } from '../../src/app/credentials.ts'
import { createMachines } from '../../src/app/machines.ts'
import { parseOptions, type ServeOptions } from '../../src/app/options.ts'
import { createResolver } from '../../src/app/resolver.ts'
import { listenExecutor } from '../../src/executor/listen.ts'
import { silentLogger } from '../../src/util/log.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const TOKEN = 'ENV_MCP_TEST_TOKEN'

function options(...argv: string[]): ServeOptions {
  const parsed = parseOptions(argv, process.env, '/')
  if (!parsed.ok) throw new Error(parsed.message)
  return parsed.options
}

const gatewayOptions = ({ bridgeUrl, httpUrl }: TestGateway) =>
  options(
    ...['--workspace-id', 'ws_1', '--workspace-token-env', TOKEN],
    ...['--exec-gateway-url', bridgeUrl, '--exec-gateway-internal-url', httpUrl],
  )

async function listen() {
  const executor = await listenExecutor({ host: '127.0.0.1', port: 0 })
  return { url: executor.url, [Symbol.asyncDispose]: () => executor.close() }
}

describe('createMachines', () => {
  afterEach(() => {
    delete process.env[TOKEN]
  })

  it('reaches executors behind the gateway, one connection for two names', async () => {
    process.env[TOKEN] = 'first'
    await using executor = await listen()
    const machine = { exeId: 'exe_1', url: executor.url }
    const names = [
      { ...machine, name: 'box' },
      { ...machine, name: 'alias' },
    ]
    await using gateway = await startGateway({ token: 'first', machines: names })
    const given = gatewayOptions(gateway)
    await using machines = createMachines(given, new Credentials(silentLogger), silentLogger)
    const resolver = createResolver(given, new Credentials(silentLogger), silentLogger)
    const box = await machines.connect(await resolver.resolve('box'), {})
    expect(await machines.connect(await resolver.resolve('alias'), {})).toBe(box)
    expect(gateway.tokens).toEqual(['Bearer first'])
    expect(box.info.cwd).toBe(process.cwd())
  })

  it('reads the token at each dial', async () => {
    process.env[TOKEN] = 'first'
    await using executor = await listen()
    const entries = ['box', 'gpu'].map((name) => ({ exeId: `exe_${name}`, name, url: executor.url }))
    await using gateway = await startGateway({ token: 'first', machines: entries })
    const given = gatewayOptions(gateway)
    await using machines = createMachines(given, new Credentials(silentLogger), silentLogger)
    const { environments } = await createResolver(given, new Credentials(silentLogger), silentLogger).list()
    await machines.connect(environments[0]!, {})
    process.env[TOKEN] = 'second'
    await expect(machines.connect(environments[1]!, {})).rejects.toMatchObject({ code: 'denied' })
    expect(gateway.tokens).toEqual(['Bearer first', 'Bearer second'])
  })

  it('knows which executors are connected', async () => {
    await using executor = await listen()
    const given = options('--environment', `box=${executor.url}`)
    await using machines = createMachines(given, new Credentials(silentLogger), silentLogger)
    const box = await createResolver(given, new Credentials(silentLogger), silentLogger).resolve('box')
    expect(machines.connected(box)).toBeUndefined()
    const client = await machines.connect(box, {})
    expect(machines.connected(box)).toMatchObject({ executor: client, roundTripMs: expect.any(Number) })
  })

  it('is this machine itself where no flag says otherwise', async () => {
    await using directory = await tempDirectory()
    const given = { ...options(), cwd: directory.path }
    await using machines = createMachines(given, new Credentials(silentLogger), silentLogger)
    const local = await createResolver(given, new Credentials(silentLogger), silentLogger).resolve(undefined)
    expect(machines.connected(local)).toBeUndefined()
    const executor = await machines.connect(local, {})
    expect(executor.info.cwd).toBe(directory.path)
    expect(machines.connected(local)).toEqual({ executor, roundTripMs: undefined })
  })

  it('ends the wait of a caller who gives up', async () => {
    process.env[TOKEN] = 'first'
    const machine = { exeId: 'exe_1', name: 'box', refuse: 'hang' } as const
    await using gateway = await startGateway({ token: 'first', machines: [machine] })
    const given = gatewayOptions(gateway)
    await using machines = createMachines(given, new Credentials(silentLogger), silentLogger)
    const box = await createResolver(given, new Credentials(silentLogger), silentLogger).resolve('box')
    const controller = new AbortController()
    const connecting = machines.connect(box, { signal: controller.signal })
    controller.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'canceled' })
  })

  it('opens nothing once it is closed', async () => {
    await using executor = await listen()
    for (const given of [options(), options('--environment', `box=${executor.url}`)]) {
      const machines = createMachines(given, new Credentials(silentLogger), silentLogger)
      const environment = await createResolver(given, new Credentials(silentLogger), silentLogger).resolve(
        undefined,
      )
      await machines[Symbol.asyncDispose]()
      await expect(machines.connect(environment, {})).rejects.toMatchObject({ code: 'canceled' })
    }
  })
})
