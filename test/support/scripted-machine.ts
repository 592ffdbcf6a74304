import { BridgeClient } from '../../src/bridge/client.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { ManualClock, settled } from './manual-clock.ts'
import {
  type Params,
  Refusal,
  ScriptedExecServer,
  type ScriptedServerOptions,
} from './scripted-exec-server.ts'

/** A machine that can be lost and found again: a scripted exec-server at the end of each connection to it. */
export class ScriptedMachine implements AsyncDisposable {
  readonly clock = new ManualClock()
  /** One for each connection, in order. */
  readonly servers: ScriptedExecServer[] = []
  readonly client: BridgeClient
  /** Why it cannot be dialled now. */
  down: Error | undefined
  /** Tries to dial, the first not counted. */
  dials = 0
  readonly #options: ScriptedServerOptions

  private constructor(options: ScriptedServerOptions, client: BridgeClient, clock: ManualClock) {
    this.#options = options
    this.client = client
    this.clock = clock
  }

  /** Connected. Waits between tries are half of what they may be. */
  static async open(options: ScriptedServerOptions = {}): Promise<ScriptedMachine> {
    const clock = new ManualClock()
    const first = new ScriptedExecServer(options)
    const redial = async (): Promise<Transport> => machine.#dial()
    const client = await BridgeClient.open(first.transport, { name: 'box', clock, redial, random: () => 0.5 })
    const machine = new ScriptedMachine(options, client, clock)
    machine.servers.push(first)
    return machine
  }

  /** The server at the end of the newest connection. */
  get server(): ScriptedExecServer {
    return this.servers.at(-1)!
  }

  /** Ends the connection there is. */
  async drop(): Promise<void> {
    this.server.drop()
    await settled()
  }

  /** The machine is away for so long, and then there again. */
  async away(ms: number): Promise<void> {
    this.down = new BridgeError('unavailable', 'connection refused')
    await this.drop()
    await this.clock.advance(ms)
    this.down = undefined
    // The longest wait between two tries.
    await this.clock.advance(5000)
  }

  /** The method is answered so on every connection from the next one on. */
  answerLater(method: string, answer: (params: Params) => unknown): void {
    this.#later.set(method, answer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close(new BridgeError('canceled', 'the test is over'))
  }

  readonly #later = new Map<string, (params: Params) => unknown>()

  #dial(): Transport {
    this.dials++
    if (this.down) throw this.down
    const server = new ScriptedExecServer(this.#options)
    for (const [method, answer] of this.#later) server.answer(method, answer)
    this.servers.push(server)
    return server.transport
  }
}

/** What `process/read` answers of a process that has written these chunks, from `firstSeq` on, and runs. */
export function readAnswer(texts: readonly string[], firstSeq = 1, over: object = {}): object {
  const chunks = texts.map((text, at) => ({
    seq: firstSeq + at,
    stream: 'stdout',
    chunk: Buffer.from(text).toString('base64'),
  }))
  const nextSeq = firstSeq + texts.length
  return { chunks, nextSeq, exited: false, exitCode: null, closed: false, failure: null, ...over }
}

/** The refusals of an exec-server that has to do with sessions. */
export const REFUSED = {
  attached: () => {
    throw new Refusal(-32010, 'session s1 is already attached to another connection')
  },
  unknown: () => {
    throw new Refusal(-32600, 'unknown session id s1')
  },
} as const
