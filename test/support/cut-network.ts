import type { BridgeClient } from '../../src/bridge/client.ts'
import { BridgePool } from '../../src/bridge/pool.ts'
import type { Credential } from '../../src/credentials/credential.ts'
import { type ListeningExecutor, listenExecutor } from '../../src/executor/listen.ts'
import type { Fault } from './fault.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'

/** A machine behind a network that a test cuts, all of it real. */
export interface CutNetwork extends AsyncDisposable {
  readonly proxy: FaultProxy
  readonly server: ListeningExecutor
  /** The client of the machine as it is now: another one when the session is over. */
  client(): Promise<BridgeClient>
  /** Cuts the connection, as soon as the last cut has been got over, until `work` is settled. Gives the number of cuts. */
  cutDuring(work: Promise<unknown>, most?: number): Promise<number>
}

export interface CutNetworkOptions {
  /** What the network does to the n-th connection. */
  readonly faultsOf?: (connection: number) => readonly Fault[]
  readonly credential?: Credential
}

export async function openCutNetwork(options: CutNetworkOptions = {}): Promise<CutNetwork> {
  const { faultsOf, credential } = options
  const server = await listenExecutor({ host: '127.0.0.1', port: 0 })
  const proxy = await startFaultProxy(server.url, faultsOf)
  const pool = new BridgePool()
  const target = { key: 'k', name: 'box', url: proxy.url, framing: 'text', credential } as const
  return {
    proxy,
    server,
    client: () => pool.get(target),
    async cutDuring(work, most = 1000) {
      let isOver = false
      const over = work
        .catch(() => {})
        .then(() => {
          isOver = true
        })
      let cuts = 0
      for (; !isOver && cuts < most; cuts++) {
        const next = proxy.nextConnection()
        proxy.cut()
        await Promise.race([next, over])
        await Promise.race([pool.get(target).then((client) => client.metadata('/')), over])
      }
      return cuts
    },
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]()
      await proxy[Symbol.asyncDispose]()
      await server.close()
    },
  }
}
