import { serveExecutor } from '../../src/executor/serve.ts'
import type { Sessions } from '../../src/executor/sessions.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import { RpcPeer } from '../../src/rpc/peer.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { Mailbox } from '../support/mailbox.ts'

export interface Notice {
  readonly method: string
  readonly params: Readonly<Record<string, unknown>>
}

/** A client that can send anything, and sees everything. */
export class TestClient implements AsyncDisposable {
  readonly peer: RpcPeer
  readonly notices = new Mailbox<Notice>()
  /** Resolves when the connection is over. */
  readonly closed: Promise<BridgeError>

  constructor(transport: Transport) {
    let over: (reason: BridgeError) => void
    this.closed = new Promise((resolve) => {
      over = resolve
    })
    this.peer = new RpcPeer(transport, {
      notification: (method, params) => this.notices.put({ method, params: params as Notice['params'] }),
      closed: (reason) => over(reason),
    })
  }

  /** One whose connection has not been greeted. */
  static connect(sessions: Sessions): TestClient {
    const [ours, theirs] = memoryPair()
    serveExecutor(theirs, sessions)
    return new TestClient(ours)
  }

  /** One that is ready to work, in a new session or in one it had. */
  static async ready(
    sessions: Sessions,
    resumeSessionId?: string,
  ): Promise<TestClient & { sessionId: string }> {
    const client = TestClient.connect(sessions)
    const { sessionId } = await client.greet(resumeSessionId)
    return Object.assign(client, { sessionId })
  }

  async greet(resumeSessionId?: string): Promise<{ sessionId: string }> {
    const params = { clientName: 'test', ...(resumeSessionId ? { resumeSessionId } : {}) }
    const answer = (await this.call('initialize', params)) as { sessionId: string }
    this.peer.notify('initialized', {})
    return answer
  }

  call(method: string, params: unknown = {}): Promise<unknown> {
    return this.peer.request(method, params)
  }

  /** Starts a shell with a script, with exactly the environment that a shell needs. */
  sh(processId: string, script: string, params: object = {}): Promise<unknown> {
    return this.call('process/start', startParams(processId, ['/bin/sh', '-c', script], params))
  }

  /** What is told of that process, up to its close; anything told of another is an error. */
  async allOf(processId: string): Promise<Notice[]> {
    const all: Notice[] = []
    while (all.at(-1)?.method !== 'process/closed') {
      const notice = await this.notices.take()
      if (notice.params.processId !== processId) throw new Error(`Told of ${notice.params.processId}`)
      all.push(notice)
    }
    return all
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer.close(new BridgeError('unavailable', 'The test is over'))
  }
}

/** The params of `process/start` as a stock client sends them. */
export function startParams(processId: string, argv: readonly string[], more: object = {}): object {
  const env = { PATH: process.env.PATH ?? '' }
  return { processId, argv, cwd: 'file:///tmp', env, tty: false, pipeStdin: false, arg0: null, ...more }
}

/** The output in some notices. */
export function outputIn(notices: readonly Notice[]): string {
  const chunks = notices.filter(({ method }) => method === 'process/output').map(({ params }) => params.chunk)
  return Buffer.concat(chunks.map((chunk) => Buffer.from(String(chunk), 'base64'))).toString()
}
