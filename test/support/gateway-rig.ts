import { join } from 'node:path'
import { type GatewayOptions, startGateway } from '../../src/gateway/gateway.ts'
import { exeIdOf } from '../../src/gateway/keys.ts'
import { GATEWAY_LIMITS } from '../../src/gateway/limits.ts'
import { generateIdentity } from '../../src/gateway/noise/identity.ts'
import { noiseHarness } from '../../src/gateway/noise-harness.ts'
import { openState, type State } from '../../src/gateway/state.ts'
import { mintJoinToken, mintWorkspaceToken, secondsNow } from '../../src/gateway/tokens.ts'
import { DiallingExecutor, type DiallingOptions } from './dialling-executor.ts'
import { createMemoryLogger } from './logs.ts'
import { RawBridge } from './raw-bridge.ts'
import { tempDirectory } from './temp-directory.ts'

/** One key for all tests of a file: making it takes a while. */
const identity = generateIdentity()

/** A gateway in this process, on a free port, with a state of its own. */
export interface GatewayRig extends AsyncDisposable {
  readonly state: State
  readonly logger: ReturnType<typeof createMemoryLogger>
  readonly port: number
  readonly url: string
  readonly internalSecret: string
  joinToken(workspaceId: string, name: string, more?: { description?: string; isDefault?: boolean }): string
  /** Good for an hour from `now` unless said. */
  workspaceToken(workspaceId: string, more?: { turnId?: string; ttl?: number; now?: number }): string
  exeId(workspaceId: string, name: string): string
  /** An executor that has joined and connected. Ended with the rig. */
  executor(workspaceId: string, name: string, more?: Partial<DiallingOptions>): Promise<DiallingExecutor>
  bridge(workspaceId: string, name: string): Promise<RawBridge>
  /** Stops the gateway, and starts another on the same port and state. */
  restart(): Promise<void>
}

export async function startGatewayRig(
  options: Partial<Omit<GatewayOptions, 'state'>> = {},
): Promise<GatewayRig> {
  const directory = await tempDirectory()
  const state = await openState(join(directory.path, 'state'))
  const logger = createMemoryLogger()
  const ends: AsyncDisposable[] = []
  const start = (port: number) =>
    startGateway({
      state,
      host: '127.0.0.1',
      port,
      noise: noiseHarness(identity, GATEWAY_LIMITS),
      logger,
      ...options,
    })
  let gateway = await start(0).catch(async (error: unknown) => {
    await directory[Symbol.asyncDispose]()
    throw error
  })
  const { port } = gateway
  const url = `http://127.0.0.1:${port}`
  const keys = () => state.keys.read()
  const rig: GatewayRig = {
    state,
    logger,
    port,
    url,
    internalSecret: keys().internalSecret,
    joinToken: (workspaceId, name, { description = '', isDefault = false } = {}) =>
      mintJoinToken(keys(), { workspaceId, name, description, isDefault }, secondsNow()),
    workspaceToken: (workspaceId, { turnId, ttl = 3600, now = secondsNow() } = {}) =>
      mintWorkspaceToken(keys(), { workspaceId, turnId, ttl }, now),
    exeId: (workspaceId, name) => exeIdOf(keys().idKey, workspaceId, name),
    async executor(workspaceId, name, more) {
      const token = rig.joinToken(workspaceId, name)
      const executor = new DiallingExecutor({ url, id: rig.exeId(workspaceId, name), token, ...more })
      ends.push(executor)
      await executor.join()
      return executor
    },
    async bridge(workspaceId, name) {
      const bridge = await RawBridge.open(url, rig.exeId(workspaceId, name), rig.workspaceToken(workspaceId))
      ends.push(bridge)
      return bridge
    },
    async restart() {
      await gateway.close()
      gateway = await start(port)
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end[Symbol.asyncDispose]()
      await gateway.close()
      await directory[Symbol.asyncDispose]()
    },
  }
  return rig
}
