import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BridgeClient } from '../../src/bridge/client.ts'
import { BridgePool } from '../../src/bridge/pool.ts'
import { joinExecutor } from '../../src/executor/join.ts'
import { Spool } from '../../src/executor/spool.ts'
import { deferred } from '../../src/util/deferred.ts'
import { startFaultProxy } from './fault-proxy.ts'
import { startGatewayRig } from './gateway-rig.ts'
import { tempDirectory } from './temp-directory.ts'

/** Where a way through a gateway may break. */
export const BREAKS = ['bridge', 'executor', 'gateway'] as const
export type Break = (typeof BREAKS)[number]

/** Machines behind a gateway, over networks that a test cuts, all of it real. */
export interface GatewayNetwork extends AsyncDisposable {
  /** The directory of a machine. */
  path(name: string, ...parts: readonly string[]): string
  client(name: string): Promise<BridgeClient>
  /** Breaks it there, as soon as the last break has been got over, until `work` is settled. Gives how often it was connected anew. */
  breakDuring(work: Promise<unknown>, where: Break, most: number): Promise<number>
}

/** Starts a gateway, and an executor that dials in for each name. */
export async function openGatewayNetwork(...names: readonly string[]): Promise<GatewayNetwork> {
  const ends: (() => PromiseLike<void>)[] = []
  const keep = <T extends AsyncDisposable>(made: T): T => {
    ends.unshift(() => made[Symbol.asyncDispose]())
    return made
  }
  const directory = keep(await tempDirectory())
  const nowhere = 'ws://127.0.0.1:1'
  // Registering is HTTP and goes straight to the gateway; the address it gives leads through the proxy.
  const executorSide = keep(await startFaultProxy(nowhere))
  const rig = keep(await startGatewayRig({ publicUrl: executorSide.url.replace('ws', 'http') }))
  executorSide.target = rig.url
  const bridgeSide = keep(await startFaultProxy(rig.url))
  for (const name of names) ends.unshift(await startMachine(name))
  const pool = keep(new BridgePool())
  const credential = {
    origin: 'the test',
    read: async () => rig.workspaceToken('w'),
    renew: async () => rig.workspaceToken('w'),
  }
  const client = (name: string) => {
    const url = `${bridgeSide.url}/bridge/${rig.exeId('w', name)}`
    return pool.get({ key: name, name, url, framing: 'relay', credential })
  }
  const breakAt = {
    bridge: () => bridgeSide.cut(),
    executor: () => executorSide.cut(),
    gateway: () => rig.restart(),
  }
  return {
    path: (...parts) => join(directory.path, ...parts),
    client,
    async breakDuring(work, where, most) {
      let isOver = false
      const over = work
        .catch(() => {})
        .then(() => {
          isOver = true
        })
      const side = where === 'bridge' ? bridgeSide : executorSide
      const before = side.connections
      for (let breaks = 0; !isOver && breaks < most; breaks++) {
        await breakAt[where]()
        const used = names.map(async (name) => (await client(name)).metadata('/'))
        await Promise.race([Promise.all(used), over])
      }
      return side.connections - before
    },
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end()
    },
  }

  async function startMachine(name: string): Promise<() => Promise<void>> {
    const cwd = join(directory.path, name)
    await mkdir(cwd)
    const tokenFile = join(directory.path, `${name}.token`)
    await writeFile(tokenFile, rig.joinToken('w', name))
    const connected = deferred<string>()
    const spool = new Spool({ directory: join(directory.path, `${name}.spool`) })
    const executor = await joinExecutor({
      ...{ url: rig.url, tokenFile, onConnected: connected.resolve, random: () => 0 },
      executor: { cwd, shared: { retainMs: 60_000, spool } },
    })
    await connected.promise
    return () => executor.close()
  }
}
