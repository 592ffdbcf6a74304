import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveExecutor } from '../../src/executor/serve.ts'
import { Sessions } from '../../src/executor/sessions.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import type { Frame, Receiver, Transport } from '../../src/rpc/transport.ts'
import { deferred } from '../../src/util/deferred.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { outputIn, TestClient } from './client.ts'

const DETACHED_MS = 30_000

let clock: ManualClock
let sessions: Sessions

beforeEach(() => {
  clock = new ManualClock()
  sessions = new Sessions({ clock })
})
afterEach(async () => {
  await sessions[Symbol.asyncDispose]()
})

const read = (client: TestClient, processId: string, afterSeq = 0) =>
  client.call('process/read', { processId, afterSeq, maxBytes: null, waitMs: null }) as Promise<{
    chunks: { seq: number; chunk: string }[]
    nextSeq: number
    exited: boolean
    closed: boolean
  }>

/** A client that leaves, and the id of its session. */
async function leave(client: TestClient & { sessionId: string }): Promise<string> {
  await client[Symbol.asyncDispose]()
  // Its other end hears of it a moment later.
  await expect.poll(() => clock.pending).toBeGreaterThan(0)
  return client.sessionId
}

describe('a session', () => {
  it('goes on with another connection, its processes and their output with it', async () => {
    const client = await TestClient.ready(sessions)
    await client.sh('p', 'echo before; read -r line; echo after; exit 3', { pipeStdin: true })
    await client.notices.take()
    const id = await leave(client)
    await clock.advance(DETACHED_MS - 1)
    await using again = await TestClient.ready(sessions, id)
    expect(again.sessionId).toBe(id)
    expect((await read(again, 'p')).chunks).toMatchObject([{ seq: 1, chunk: 'YmVmb3JlCg==' }])
    await again.call('process/write', { processId: 'p', chunk: 'Cg==', writeId: 'a' })
    const notices = await again.allOf('p')
    // What was told before is not told again.
    expect(outputIn(notices)).toBe('after\n')
    expect(notices.map(({ params }) => params.seq)).toEqual([2, 3, 4])
  })

  it('tells who comes back what ended meanwhile', async () => {
    const client = await TestClient.ready(sessions)
    await client.sh('p', 'read -r line; seq 1 1000; exit 3', { pipeStdin: true })
    await client.call('process/write', { processId: 'p', chunk: 'Cg==', writeId: 'a' })
    const id = await leave(client)
    await using again = await TestClient.ready(sessions, id)
    await expect.poll(() => read(again, 'p')).toMatchObject({ exited: true, exitCode: 3, closed: true })
    expect(again.notices.size).toBeLessThanOrEqual(3)
  })

  it('knows which writes it has done', async () => {
    const client = await TestClient.ready(sessions)
    await client.sh('p', 'head -n 2', { pipeStdin: true })
    const write = { processId: 'p', chunk: Buffer.from('once\n').toString('base64'), writeId: 'a' }
    await client.call('process/write', write)
    const id = await leave(client)
    await using again = await TestClient.ready(sessions, id)
    expect(await again.call('process/write', write)).toEqual({ status: 'accepted' })
    await again.call('process/write', { ...write, writeId: 'b' })
    await expect.poll(() => read(again, 'p')).toMatchObject({ closed: true })
    const { chunks } = await read(again, 'p')
    expect(Buffer.from(chunks.map(({ chunk }) => chunk).join(''), 'base64').toString()).toBe('once\nonce\n')
  })

  it('does not keep files open', async () => {
    const client = await TestClient.ready(sessions)
    await client.call('fs/open', { handleId: 'h', path: 'file:///etc/passwd' })
    const id = await leave(client)
    await using again = await TestClient.ready(sessions, id)
    const block = again.call('fs/readBlock', { handleId: 'h', offset: 0, len: 1 })
    await expect(block).rejects.toMatchObject({ rpcCode: -32004, message: 'unknown file handle `h`' })
  })

  it('belongs to one connection at a time', async () => {
    await using client = await TestClient.ready(sessions)
    await using other = TestClient.connect(sessions)
    await expect(other.greet(client.sessionId)).rejects.toMatchObject({
      rpcCode: -32010,
      message: `session ${client.sessionId} is already attached to another connection`,
    })
    expect(await client.call('environment/status')).toEqual({ status: 'ready' })
  })

  it('ends when nobody comes back, with all that runs in it', async () => {
    const client = await TestClient.ready(sessions)
    await client.sh('p', 'echo $$; sleep 1000 & wait')
    const pid = Number(outputIn([await client.notices.take()]))
    const id = await leave(client)
    expect(isAlive(pid)).toBe(true)
    await clock.advance(DETACHED_MS)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await using again = TestClient.connect(sessions)
    await expect(again.greet(id)).rejects.toMatchObject({
      rpcCode: -32600,
      message: `unknown session id ${id}`,
    })
  })

  it('has ids of its own', async () => {
    await using one = await TestClient.ready(sessions)
    await using other = await TestClient.ready(sessions)
    await one.sh('p', 'echo one')
    await other.sh('p', 'echo other')
    expect(outputIn(await one.allOf('p'))).toBe('one\n')
    expect(outputIn(await other.allOf('p'))).toBe('other\n')
  })

  it('forgets a process 30 s after its end', async () => {
    await using client = await TestClient.ready(sessions)
    await client.sh('p', 'true')
    await client.allOf('p')
    await clock.advance(29_999)
    await read(client, 'p')
    await clock.advance(1)
    await expect(read(client, 'p')).rejects.toMatchObject({ message: 'unknown process id p' })
    await client.sh('p', 'true')
  })
})

describe('a session without a connection', () => {
  it('lets its processes run, and keeps the newest 1 MiB of what they write', async () => {
    const client = await TestClient.ready(sessions)
    await client.sh('p', 'read -r line; seq 1 1000000; echo the end >&2; exit 4', { pipeStdin: true })
    await client.call('process/write', { processId: 'p', chunk: 'Cg==', writeId: 'a' })
    const id = await leave(client)
    await using again = await TestClient.ready(sessions, id)
    // Nobody read the 6.9 MB: a process that is held back would never come to its end.
    await expect.poll(() => read(again, 'p'), { timeout: 5000 }).toMatchObject({ exitCode: 4, closed: true })
    const { chunks } = await read(again, 'p')
    const output = Buffer.concat(chunks.map(({ chunk }) => Buffer.from(chunk, 'base64')))
    expect(output.length).toBeGreaterThan(1024 * 1024)
    expect(output.length).toBeLessThan(2.1 * 1024 * 1024)
    expect(output.toString()).toContain('the end\n')
  })
})

describe('a client that does not read', () => {
  it('holds its processes back, and gets everything in the end', async () => {
    const [ours, theirs] = memoryPair()
    const slow = new SlowTransport(theirs)
    serveExecutor(slow, sessions)
    await using client = new TestClient(ours)
    await client.greet()
    await client.sh('p', 'seq 1 2000000; : >&2')
    await slow.isAsked
    const seen = client.notices.size
    // A round trip of another kind comes through, and brings no more output than what was on its way.
    await client.call('environment/status')
    expect(client.notices.size).toBe(seen)
    expect(slow.sentBytes).toBeLessThan(8 * 1024 * 1024)
    slow.release()
    const output = outputIn(await client.allOf('p'))
    expect(output.length).toBe(14_888_896)
    expect(output.endsWith('\n2000000\n')).toBe(true)
  })
})

/** A transport whose other end takes nothing more, until it is released. */
class SlowTransport implements Transport {
  readonly maxMessageBytes: number
  sentBytes = 0
  readonly #inner: Transport
  readonly #asked = deferred<void>()
  readonly #released = deferred<void>()

  constructor(inner: Transport) {
    this.#inner = inner
    this.maxMessageBytes = inner.maxMessageBytes
  }

  /** Resolves when somebody waits to send more. */
  get isAsked(): Promise<void> {
    return this.#asked.promise
  }

  start(receiver: Receiver): void {
    this.#inner.start(receiver)
  }

  send(data: Frame): void {
    this.sentBytes += data.byteLength
    this.#inner.send(data)
  }

  drained(): Promise<void> {
    this.#asked.resolve()
    return this.#released.promise
  }

  release(): void {
    this.#released.resolve()
  }

  close(reason: Error): void {
    this.#inner.close(reason)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
