import { BridgeClient } from '../../src/bridge/client.ts'
import type { StartRequest } from '../../src/protocol/executor.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { ManualClock } from './manual-clock.ts'
import { ScriptedExecServer, type ScriptedServerOptions } from './scripted-exec-server.ts'

export interface ScriptedClient extends AsyncDisposable {
  readonly client: BridgeClient
  readonly server: ScriptedExecServer
  readonly clock: ManualClock
}

/** A client of a scripted exec-server, greeted. Its clock stands still. */
export async function openScripted(options: ScriptedServerOptions = {}): Promise<ScriptedClient> {
  const server = new ScriptedExecServer(options)
  const clock = new ManualClock()
  const client = await BridgeClient.open(server.transport, { name: 'box', clock })
  return {
    client,
    server,
    clock,
    [Symbol.asyncDispose]: () => client.close(new BridgeError('canceled', 'the test is over')),
  }
}

/** A process to start; `p1`, `cat` in `/srv` unless said otherwise. */
export function startRequest(over: Partial<StartRequest> = {}): StartRequest {
  return { processId: 'p1', argv: ['cat'], cwd: '/srv', env: {}, tty: false, pipeStdin: true, ...over }
}

/** The error that `work` rejects with, which must be one of ours. */
export async function failure(work: Promise<unknown>): Promise<BridgeError> {
  const result = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (result instanceof BridgeError) return result
  throw new Error(`Expected a BridgeError, got ${String(result)}`)
}
