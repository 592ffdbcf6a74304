import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { serveExecutor } from '../../src/executor/serve.ts'
import { Sessions } from '../../src/executor/sessions.ts'
import { Spool } from '../../src/executor/spool.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { tempDirectory } from '../support/temp-directory.ts'

let sessions: Sessions
let directory: Awaited<ReturnType<typeof tempDirectory>>
const clients: BridgeClient[] = []

beforeEach(async () => {
  directory = await tempDirectory()
  const spool = new Spool({ directory: join(directory.path, 'spool') })
  sessions = new Sessions({ shared: { retainMs: 60_000, spool } })
})
afterEach(async () => {
  for (const client of clients.splice(0))
    await client.close(new BridgeError('unavailable', 'The test is over'))
  await sessions[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})

/** A client of the machine, whose connection can be cut; it comes back by itself. */
async function connect(): Promise<{ client: BridgeClient; cut(): void }> {
  let newest: Transport
  const dial = async () => {
    const [ours, theirs] = memoryPair()
    newest = ours
    serveExecutor(theirs, sessions)
    return ours
  }
  const client = await BridgeClient.open(await dial(), { name: 'box', redial: dial })
  clients.push(client)
  return { client, cut: () => newest.close(new BridgeError('unavailable', 'cut')) }
}

const request = (processId: string, script: string) => ({
  processId,
  argv: ['/bin/sh', '-c', script],
  cwd: '/tmp',
  env: {},
  tty: false,
  pipeStdin: true,
})

async function outputOf(client: BridgeClient, processId: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for (let afterSeq = 0, closed = false; !closed; ) {
    const read = await client.read(processId, { afterSeq, waitMs: 5000 })
    pieces.push(...read.chunks.map(({ bytes }) => bytes))
    expect(read.droppedBytes).toBe(0)
    afterSeq = read.lastSeq
    closed = read.closed
  }
  return Buffer.concat(pieces).toString()
}

describe('BridgeClient, where processes are shared', () => {
  it('takes up what another client has started, from its first byte', async () => {
    const { client: one } = await connect()
    const { client: other } = await connect()
    await one.start(request('p', 'echo first; read -r line; echo "$line"; exit 3'))
    expect(await other.listProcesses()).toMatchObject([
      { processId: 'p', argv: ['/bin/sh', '-c', expect.any(String)], cwd: '/tmp', exited: false },
    ])
    await other.attach('p')
    await other.write('p', Buffer.from('second\n'))
    expect(await outputOf(other, 'p')).toBe('first\nsecond\n')
    expect(await outputOf(one, 'p')).toBe('first\nsecond\n')
    expect(await other.read('p', { afterSeq: 9, waitMs: 0 })).toMatchObject({ exitCode: 3, closed: true })
    expect(await one.listProcesses()).toMatchObject([{ exited: true, exitCode: 3, outputBytes: 13 }])
  })

  it('takes up what is over, when its client is gone, with all that it wrote', async () => {
    const { client: one } = await connect()
    await one.start(request('p', 'seq 1 1000000'))
    await one.close(new BridgeError('unavailable', 'Gone'))
    const { client: other } = await connect()
    await expect.poll(() => other.listProcesses()).toMatchObject([{ exited: true, outputBytes: 6_888_896 }])
    await other.attach('p')
    expect(await outputOf(other, 'p')).toHaveLength(6_888_896)
  })

  it('follows it again after its own connection was cut, without a gap', async () => {
    const { client: one } = await connect()
    const { client: other, cut } = await connect()
    await one.start(request('p', 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; sleep 0.002; done'))
    await other.attach('p')
    await other.read('p', { afterSeq: 0, waitMs: 5000 })
    const reading = outputOf(other, 'p')
    for (let n = 0; n < 3; n++) {
      cut()
      await other.metadata('/')
    }
    expect(await reading).toBe(Array.from({ length: 300 }, (_, n) => `${n + 1}\n`).join(''))
  })

  it('fills a gap of its own that is larger than one answer', async () => {
    const { client: one, cut } = await connect()
    await one.start(request('p', 'read -r line; seq 1 1000000'))
    await one.write('p', Buffer.from('\n'))
    cut()
    expect(await outputOf(one, 'p')).toHaveLength(6_888_896)
  })

  it('says what is not there', async () => {
    const { client } = await connect()
    await expect(client.attach('nobody')).rejects.toMatchObject({
      code: 'not_found',
      message: 'Cannot take up process "nobody": the machine does not know it, or no longer',
    })
  })
})

describe('BridgeClient, where they are not', () => {
  it('says so', async () => {
    sessions = new Sessions()
    const { client } = await connect()
    expect(client.features.sharedProcesses).toBe(false)
    await expect(client.attach('p')).rejects.toMatchObject({ code: 'conflict' })
    await expect(client.listProcesses()).rejects.toMatchObject({
      message:
        'Cannot list the processes of the machine: its executor does not share processes among clients',
    })
  })
})
