import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Sessions } from '../../src/executor/sessions.ts'
import { Spool } from '../../src/executor/spool.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { outputIn, TestClient } from './client.ts'

const DAY_MS = 24 * 3600_000

let clock: ManualClock
let sessions: Sessions
let spool: Spool
let directory: Awaited<ReturnType<typeof tempDirectory>>

beforeEach(async () => {
  clock = new ManualClock()
  directory = await tempDirectory()
  spool = new Spool({ directory: join(directory.path, 'spool') })
  sessions = new Sessions({ clock, shared: { retainMs: DAY_MS, spool } })
})
afterEach(async () => {
  await sessions[Symbol.asyncDispose]()
  expect(spool.bytes).toBe(0)
  expect(clock.pending).toBe(0)
  await directory[Symbol.asyncDispose]()
})

interface Listed {
  readonly processId: string
  readonly exited: boolean
}

const list = async (client: TestClient) =>
  ((await client.call('process/list')) as { processes: Listed[] }).processes

async function write(client: TestClient, processId: string, text: string): Promise<unknown> {
  const chunk = Buffer.from(text).toString('base64')
  return client.call('process/write', { processId, chunk, writeId: text })
}

/** Ends the connection; its other end hears of it a moment later. */
async function leave(client: TestClient): Promise<void> {
  const before = clock.pending
  await client[Symbol.asyncDispose]()
  await expect.poll(() => clock.pending).toBeGreaterThan(before)
}

describe('shared processes', () => {
  it('are announced, listed, and attached by whoever asks', async () => {
    await using one = await TestClient.ready(sessions)
    await one.sh('p', 'echo hello; read -r line; echo "$line"; exit 3', { pipeStdin: true })
    await using other = await TestClient.ready(sessions)
    expect(await other.call('environment/info')).toMatchObject({
      capabilities: { envMcpSharedProcesses: true, envMcpRememberedMs: DAY_MS },
    })
    expect(await list(other)).toMatchObject([
      {
        processId: 'p',
        argv: ['/bin/sh', '-c', expect.any(String)],
        cwd: 'file:///tmp',
        exited: false,
        clients: 1,
      },
    ])
    await other.call('process/attach', { processId: 'p' })
    expect(await list(one)).toMatchObject([{ clients: 2 }])
    expect(outputIn([await other.notices.take()])).toBe('hello\n')
    expect(await write(other, 'p', 'from the other\n')).toEqual({ status: 'accepted' })
    expect(outputIn(await one.allOf('p'))).toBe('hello\nfrom the other\n')
    const told = await other.allOf('p')
    expect(outputIn(told)).toBe('from the other\n')
    expect(told.map(({ params }) => params.seq)).toEqual([2, 3, 4])
    expect(await list(one)).toMatchObject([{ exited: true, exitCode: 3, closed: true, outputBytes: 21 }])
  })

  it('may be ended, signalled, and have their input closed by any of their clients', async () => {
    await using one = await TestClient.ready(sessions)
    await using other = await TestClient.ready(sessions)
    for (const processId of ['a', 'b', 'c']) {
      await one.sh(processId, 'cat; echo end', { pipeStdin: true })
      await other.call('process/attach', { processId })
    }
    await other.call('process/closeStdin', { processId: 'a' })
    expect(outputIn(await one.allOf('a'))).toBe('end\n')
    await other.allOf('a')
    await other.call('process/signal', { processId: 'b', signal: 'TERM' })
    expect((await one.allOf('b')).at(0)?.params).toMatchObject({ exitCode: 143 })
    await other.allOf('b')
    expect(await other.call('process/terminate', { processId: 'c' })).toEqual({ running: true })
    expect((await one.allOf('c')).at(0)?.params).toMatchObject({ exitCode: 137 })
    await other.allOf('c')
  })

  it('outlive every client for the time that was set, with all of their output', async () => {
    const one = await TestClient.ready(sessions)
    await one.sh('p', 'seq 1 1000000; read -r line; echo "$line"', { pipeStdin: true })
    await one.sh('q', 'seq 1 1000000; exit 4')
    await leave(one)
    await clock.advance(DAY_MS - 1)
    await using other = await TestClient.ready(sessions)
    await other.call('process/attach', { processId: 'q' })
    const told = await other.allOf('q')
    const text = outputIn(told)
    expect([text.length, text.startsWith('1\n2\n3\n'), text.endsWith('\n1000000\n')]).toEqual([
      6_888_896,
      true,
      true,
    ])
    expect(told.find(({ method }) => method === 'process/exited')?.params).toMatchObject({ exitCode: 4 })
    await other.call('process/attach', { processId: 'p', afterSeq: 5 })
    expect((await other.notices.take()).params.seq).toBe(6)
    // As long as somebody follows it, its time does not begin.
    await clock.advance(DAY_MS)
    await write(other, 'p', 'still here\n')
    expect(outputIn(await other.allOf('p'))).toContain('1000000\nstill here\n')
  })

  it('end when nobody has been there for that time, and are forgotten', async () => {
    const one = await TestClient.ready(sessions)
    await one.sh('p', 'echo $$; exec sleep 1000')
    const pid = Number(outputIn([await one.notices.take()]))
    await leave(one)
    const other = await TestClient.ready(sessions)
    await other.call('process/attach', { processId: 'p' })
    await clock.advance(2 * DAY_MS)
    await leave(other)
    await clock.advance(DAY_MS - 1)
    expect(isAlive(pid)).toBe(true)
    await clock.advance(1)
    await expect.poll(() => isAlive(pid)).toBe(false)
    await using last = await TestClient.ready(sessions)
    expect(await list(last)).toEqual([])
    await expect(last.call('process/attach', { processId: 'p' })).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'unknown process id p',
    })
  })

  it('are read in parts by who says how much it takes', async () => {
    const one = await TestClient.ready(sessions)
    await one.sh('p', 'seq 1 1000000')
    await leave(one)
    await using other = await TestClient.ready(sessions)
    await expect.poll(() => list(other)).toMatchObject([{ closed: true }])
    await other.call('process/attach', { processId: 'p', afterSeq: 1_000_000_000 })
    const pieces: string[] = []
    for (let afterSeq = 0, isPart = true; isPart; ) {
      const params = { processId: 'p', afterSeq, maxBytes: 300_000, waitMs: 0 }
      const answer = (await other.call('process/read', params)) as Part
      pieces.push(...answer.chunks.map(({ chunk }) => Buffer.from(chunk, 'base64').toString()))
      expect(pieces.at(-1)!.length).toBeLessThanOrEqual(300_000)
      isPart = answer.isPart === true
      expect(answer.closed).toBe(!isPart)
      afterSeq = answer.nextSeq - 1
    }
    expect(pieces.join('')).toHaveLength(6_888_896)
  })

  it('lets a session without any process go early', async () => {
    const one = await TestClient.ready(sessions)
    await leave(one)
    await clock.advance(120_000)
    await using other = TestClient.connect(sessions)
    await expect(other.greet(one.sessionId)).rejects.toMatchObject({
      message: `unknown session id ${one.sessionId}`,
    })
  })
})

describe('processes that are not shared', () => {
  it('are not to be had, and not announced as such', async () => {
    const plain = new Sessions({ clock })
    {
      await using one = await TestClient.ready(plain)
      await one.sh('p', 'sleep 1000')
      await using other = await TestClient.ready(plain)
      expect(await other.call('environment/info')).toMatchObject({
        capabilities: { envMcpSharedProcesses: false, envMcpRememberedMs: 30_000 },
      })
      await expect(other.call('process/attach', { processId: 'p' })).rejects.toMatchObject({
        rpcCode: -32601,
      })
      await expect(other.call('process/list')).rejects.toMatchObject({ rpcCode: -32601 })
    }
    await plain[Symbol.asyncDispose]()
  })
})

interface Part {
  readonly chunks: { chunk: string }[]
  readonly nextSeq: number
  readonly closed: boolean
  readonly isPart?: boolean
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
