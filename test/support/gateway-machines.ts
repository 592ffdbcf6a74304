import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BridgeClient } from '../../src/bridge/client.ts'
import { dial } from '../../src/bridge/dial.ts'
import { RelayClient } from '../../src/bridge/relay-client.ts'
import { type JoinedExecutor, joinExecutor } from '../../src/executor/join.ts'
import type { GatewayOptions } from '../../src/gateway/gateway.ts'
import type { ToolCallOptions } from '../../src/host/tool-host.ts'
import type { Relay } from '../../src/protocol/relay.ts'
import { copyPathTool } from '../../src/tools/copy-path.ts'
import { SessionStore } from '../../src/tools/sessions.ts'
import type { Workspace } from '../../src/tools/tool.ts'
import { systemClock } from '../../src/util/clock.ts'
import { deferred } from '../../src/util/deferred.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type GatewayRig, startGatewayRig } from './gateway-rig.ts'
import { tempDirectory } from './temp-directory.ts'
import { type ExecutorChanges, WrappedExecutor } from './wrapped-executor.ts'

const NAMES = ['a', 'b'] as const

export interface GatewayMachinesOptions {
  readonly a?: ExecutorChanges
  readonly b?: ExecutorChanges
  readonly gateway?: Partial<Omit<GatewayOptions, 'state'>>
  /** What `copy_path` gets tickets from, made of the real one. */
  readonly relay?: (relay: Relay) => Relay | undefined
}

/** Two executors of ours that have dialled in to a gateway of ours, and `copy_path` between them. `relay: false`: by curl. */
export class GatewayMachines implements AsyncDisposable {
  readonly a: WrappedExecutor
  readonly b: WrappedExecutor
  readonly gateway: GatewayRig
  readonly #root: string
  readonly #relay: Relay | undefined
  readonly #ends: readonly AsyncDisposable[]
  readonly #sessions = new SessionStore(systemClock)

  static async start(options: GatewayMachinesOptions = {}): Promise<GatewayMachines> {
    const gateway = await startGatewayRig(options.gateway)
    const directory = await tempDirectory()
    const root = await realpath(directory.path)
    const [a, b] = await Promise.all(NAMES.map((name) => machine(gateway, root, name, options[name])))
    const credential = {
      origin: 'variable "SECRET"',
      read: async () => gateway.internalSecret,
      renew: async () => undefined,
    }
    const real = new RelayClient({ url: gateway.url, workspaceId: 'w', credential })
    const relay = options.relay ? options.relay(real) : real
    return new GatewayMachines({ a: a!, b: b!, gateway, root, relay, ends: [a!, b!, gateway, directory] })
  }

  private constructor(parts: {
    a: WrappedExecutor
    b: WrappedExecutor
    gateway: GatewayRig
    root: string
    relay: Relay | undefined
    ends: readonly AsyncDisposable[]
  }) {
    this.a = parts.a
    this.b = parts.b
    this.gateway = parts.gateway
    this.#root = parts.root
    this.#relay = parts.relay
    this.#ends = parts.ends
  }

  /** The path of a place on a machine, such as `b/x/y`. */
  path(place: string): string {
    return join(this.#root, place)
  }

  /** Copies with paths relative to each machine's directory; gives the text of the answer. */
  async copy(
    args: Readonly<Record<string, unknown>>,
    options: Partial<ToolCallOptions> = {},
  ): Promise<string> {
    const ends = { source_environment_id: 'a', destination_environment_id: 'b', transport: 'http' }
    const context = {
      signal: new AbortController().signal,
      progress: () => {},
      ...options,
      caller: {},
      open: async (name = 'a') => this.#workspace(name === 'a' ? 'a' : 'b'),
      environments: () => Promise.reject(new Error('not asked for')),
      sessions: this.#sessions,
      relay: this.#relay,
    }
    const result = await copyPathTool.run(context, copyPathTool.parse({ ...ends, ...args }))
    return result.content.map((content) => (content.type === 'text' ? content.text : '')).join('')
  }

  /** Both can be reached, also after the gateway was away. */
  async areConnected(): Promise<boolean> {
    const asked = [this.a, this.b].map((executor) => executor.metadata('/', { timeoutMs: 5000 }))
    return (await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions[Symbol.dispose]()
    for (const end of this.#ends) await end[Symbol.asyncDispose]()
  }

  #workspace(name: 'a' | 'b'): Workspace {
    const target = { kind: 'gateway', exeId: this.gateway.exeId('w', name) } as const
    const environment = { name, description: '', isDefault: false, lastSeenAt: undefined, target }
    return { environment, executor: this[name], isOnly: false }
  }
}

async function machine(
  gateway: GatewayRig,
  root: string,
  name: string,
  changes: ExecutorChanges = {},
): Promise<WrappedExecutor> {
  const cwd = join(root, name)
  await mkdir(cwd)
  const tokenFile = join(root, `${name}.token`)
  await writeFile(tokenFile, gateway.joinToken('w', name))
  const connected = deferred<string>()
  const onConnected = connected.resolve
  const joined = await joinExecutor({ url: gateway.url, tokenFile, executor: { cwd }, onConnected })
  await connected.promise
  return new WrappedExecutor(await bridgeTo(gateway, name, joined), changes)
}

async function bridgeTo(gateway: GatewayRig, name: string, joined: JoinedExecutor) {
  const url = `${gateway.url.replace('http', 'ws')}/bridge/${gateway.exeId('w', name)}`
  const target = { name, url, token: gateway.workspaceToken('w'), framing: 'relay' } as const
  const redial = () => dial(target)
  const client = await BridgeClient.open(await dial(target), { name, redial })
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      await client.close(new BridgeError('unavailable', 'The test is over'))
      await joined.close()
    },
  })
}
