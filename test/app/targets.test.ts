import { describe, expect, it } from 'vitest'
import { Credentials } from '../../src/app/credentials.ts'
import { parseOptions } from '../../src/app/options.ts'
import { bridgeTarget, targetKey } from '../../src/app/targets.ts'
import { silentLogger } from '../../src/util/log.ts'

const ENV = { WORKSPACE: 'w', BOX: 'b' }
const parsed = parseOptions(
  [
    ...[
      '--workspace-id',
      'ws_1',
      '--exec-gateway-url',
      'wss://gw/bridge',
      '--workspace-token-env',
      'WORKSPACE',
    ],
    ...['--exec-gateway-internal-url', 'https://gw', '--environment', 'box=ws://h:1/x'],
    ...['--environment', 'bare=ws://h:1', '--environment-token-env', 'box=BOX'],
  ],
  ENV,
  '/',
)
if (!parsed.ok) throw new Error(parsed.message)
const { options } = parsed
const credentials = new Credentials(silentLogger)

describe('bridgeTarget', () => {
  it('finds an executor under the address of the gateway', () => {
    const target = bridgeTarget(options, credentials, 'hpc', { kind: 'gateway', exeId: 'exe_1' })
    expect(target).toMatchObject({ name: 'hpc', url: 'wss://gw/bridge/exe_1', framing: 'relay' })
  })

  it('keeps a strange id in its place', () => {
    const { url } = bridgeTarget(options, credentials, 'hpc', { kind: 'gateway', exeId: '../a b?x' })
    expect(new URL(url).pathname).toBe('/bridge/..%2Fa%20b%3Fx')
  })

  it('finds a direct one where its flag says', () => {
    const target = bridgeTarget(options, credentials, 'box', { kind: 'direct', url: 'ws://h:1/x' })
    expect(target).toMatchObject({ name: 'box', url: 'ws://h:1/x', framing: 'text' })
  })

  it('brings no token where none is configured', () => {
    expect(
      bridgeTarget(options, credentials, 'bare', { kind: 'direct', url: 'ws://h:1' }).credential,
    ).toBeUndefined()
  })
})

describe('targetKey', () => {
  it('is the same for two names of one executor behind the gateway', () => {
    const target = { kind: 'gateway', exeId: 'exe_1' } as const
    expect(targetKey('a', target)).toBe(targetKey('b', target))
  })

  it('is another one for each direct environment, as their tokens may differ', () => {
    const target = { kind: 'direct', url: 'ws://h:1' } as const
    expect(targetKey('a', target)).not.toBe(targetKey('b', target))
  })
})
