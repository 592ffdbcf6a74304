import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { DialRefused } from '../../src/bridge/dial-errors.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { failure, startRequest } from '../support/scripted-client.ts'
import { NO_ANSWER, ScriptedExecServer } from '../support/scripted-exec-server.ts'
import { REFUSED, readAnswer, ScriptedMachine } from '../support/scripted-machine.ts'

const REFUSED_DIAL = new BridgeError('unavailable', 'connection refused')

/** All that a process has written after `afterSeq`, without waiting. */
async function written({ client }: ScriptedMachine, afterSeq = 0): Promise<string> {
  const { chunks } = await client.read('p1', { afterSeq, waitMs: 0 })
  return chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('')
}

describe('A lost connection', () => {
  it.each([0, 8_000, 40_000])('of %i ms is not seen by a process that writes', async (ms) => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.server.output('p1', 1, 'a')
    box.server.output('p1', 2, 'b')
    await settled()
    // What came in the meantime, with what was on the way when it was lost.
    box.answerLater('process/read', ({ afterSeq }) =>
      readAnswer(['a', 'b', 'c', 'd', 'e'].slice(afterSeq), afterSeq + 1),
    )
    if (ms === 0) await box.drop()
    else await box.away(ms)
    box.server.output('p1', 6, 'f')
    await settled()
    expect(await written(box)).toBe('abcdef')
    expect(box.server.calls('initialize')).toEqual([{ clientName: 'env-mcp', resumeSessionId: 's1' }])
    expect(box.server.methods).toEqual(['initialize', 'initialized', 'process/read'])
    expect(box.server.calls('process/read')[0]).toMatchObject({ processId: 'p1', afterSeq: 2 })
  })

  it('keeps a read waiting, which then gets what was written meanwhile', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    const read = box.client.read('p1', { afterSeq: 0, waitMs: 60_000 })
    box.answerLater('process/read', () =>
      readAnswer(['done'], 1, { exited: true, exitCode: 3, closed: true }),
    )
    await box.drop()
    expect(await read).toMatchObject({ exitCode: 3, closed: true, droppedBytes: 0 })
  })

  it('tells about how much is gone of what was written meanwhile', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    for (const seq of [1, 2, 3, 4]) box.server.output('p1', seq, '0123456789')
    await settled()
    box.answerLater('process/read', () => readAnswer(['0123456789'], 105))
    await box.drop()
    const read = await box.client.read('p1', { afterSeq: 4, waitMs: 0 })
    expect(read).toMatchObject({ lastSeq: 105, droppedBytes: 1000, goneBytes: 1000 })
  })

  it('is dialled again at once, then after longer and longer, up to 5 s', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    await box.clock.advance(10_000)
    box.down = REFUSED_DIAL
    await box.drop()
    expect(box.dials).toBe(1)
    const at: number[] = []
    for (let ms = 0; ms < 20_000; ms += 50) {
      const before = box.dials
      await box.clock.advance(50)
      if (box.dials > before) at.push(ms + 50)
    }
    // One is just before an executor of 0.141 ends the session.
    expect(at).toEqual([100, 300, 700, 1500, 3100, 5600, 8100, 8750, 11_250, 13_750, 16_250, 18_750])
  })

  it('is dialled once more just before an executor of some version ends the session', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.down = REFUSED_DIAL
    await box.drop()
    for (const ms of [8_700, 28_700, 78_700]) {
      await box.clock.advance(ms - box.clock.now())
      const { dials } = box
      await box.clock.advance(100)
      expect(box.dials).toBe(dials + 1)
    }
  })

  it('is dialled at once each time, unless it had just been made', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.answerLater('process/read', () => readAnswer([]))
    for (let cuts = 1; cuts <= 5; cuts++) {
      await box.clock.advance(1000)
      await box.drop()
      expect(box.dials).toBe(cuts)
    }
    await box.drop()
    expect(box.dials).toBe(5)
    await box.clock.advance(100)
    expect(box.dials).toBe(6)
  })

  it('is tried again while the executor still believes in the old one', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    let tries = 0
    box.answerLater('process/read', () => readAnswer([]))
    box.answerLater('initialize', () => (++tries < 4 ? REFUSED.attached() : { sessionId: 's1' }))
    await box.drop()
    expect(box.client.isConnected).toBe(false)
    await box.clock.advance(5000)
    expect(box.client.isConnected).toBe(true)
    expect(tries).toBe(4)
  })

  // A token rotated 20 times in a row: each executor that was slow to see the end of the old connection doubled the wait.
  it('is tried again soon by an executor that was slow to see the last losses too', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.answerLater('process/read', () => readAnswer([]))
    for (let cuts = 0; cuts < 10; cuts++) {
      let tries = 0
      box.answerLater('initialize', () => (++tries < 3 ? REFUSED.attached() : { sessionId: 's1' }))
      await box.drop()
      await box.clock.advance(500)
      expect(box.client.isConnected).toBe(true)
    }
  })

  it('lets a call wait, and one whose caller gives up go', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.down = REFUSED_DIAL
    await box.drop()
    const caller = new AbortController()
    const given = failure(box.client.metadata('/f', { signal: caller.signal }))
    const late = failure(box.client.metadata('/f', { timeoutMs: 20 }))
    const patient = box.client.metadata('/f')
    caller.abort(new BridgeError('canceled', 'enough'))
    expect((await given).text).toBe('[canceled] enough')
    expect((await late).text).toMatch(
      /^\[deadline\] Cannot look at "\/f": no answer within 20 ms: the connection to "box" ended at \S+ \(socket hang up\); nothing was done$/,
    )
    box.down = undefined
    await box.clock.advance(5000)
    expect((await patient).kind).toBe('file')
  })

  it('takes no more calls than may wait', async () => {
    await using box = await ScriptedMachine.open()
    box.down = REFUSED_DIAL
    await box.drop()
    const waiting = Array.from({ length: 256 }, () => failure(box.client.metadata('/f')))
    expect((await failure(box.client.metadata('/f'))).message).toMatch(
      /the machine is too busy, 256 calls wait/,
    )
    await box.client.close(new BridgeError('canceled', 'enough'))
    await Promise.all(waiting)
  })

  it('is made anew when the executor could not read a request, which then is settled', async () => {
    await using box = await ScriptedMachine.open()
    box.server.answer('fs/getMetadata', () => {
      box.server.sendRaw('{"error":{"code":-32600,"message":"failed to parse"},"id":-1}')
      return NO_ANSWER
    })
    expect((await box.client.metadata('/f')).kind).toBe('file')
    expect(box.dials).toBe(1)
  })

  it('is given up by a request that ends every one', async () => {
    await using box = await ScriptedMachine.open()
    const deadly = () => {
      box.server.drop()
      return NO_ANSWER
    }
    box.answerLater('fs/readDirectory', deadly)
    box.server.answer('fs/readDirectory', deadly)
    const call = failure(box.client.list('/d'))
    await box.clock.advance(60_000)
    expect((await call).code).toBe('unavailable')
    expect(box.dials).toBeLessThan(25)
  })

  it('leaves nothing behind in a thousand times', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.answerLater('process/read', () => readAnswer([]))
    for (let times = 0; times < 1000; times++) {
      await box.clock.advance(1000)
      await box.drop()
    }
    expect(box.dials).toBe(1000)
    expect(box.client.isConnected).toBe(true)
    expect(box.clock.pending).toBe(0)
    expect((await box.client.metadata('/f')).kind).toBe('file')
  }, 20_000)
})

describe('A lost connection that nobody needs', () => {
  it('is left alone until the next call, which gets a new session', async () => {
    await using box = await ScriptedMachine.open()
    await box.drop()
    await box.clock.advance(60_000)
    expect(box.dials).toBe(0)
    expect((await box.client.metadata('/f')).kind).toBe('file')
    expect(box.server.calls('initialize')).toEqual([{ clientName: 'env-mcp' }])
  })

  it('lets that call wait for 20 s at most', async () => {
    await using box = await ScriptedMachine.open()
    await box.drop()
    box.down = REFUSED_DIAL
    const call = failure(box.client.metadata('/f'))
    await box.clock.advance(19_000)
    expect(box.client.closedReason).toBeUndefined()
    await box.clock.advance(6000)
    expect((await call).text).toMatch(
      /^\[unavailable\] Cannot look at "\/f": the connection to "box" ended at \S+ \(socket hang up\), and it could not be reached for 2\d.* s \(connection refused\); nothing was done$/,
    )
  })

  it('is not made again by an executor of another version: that needs another client', async () => {
    await using box = await ScriptedMachine.open()
    await box.drop()
    box.answerLater('initialize', () => ({
      sessionId: 's2',
      environmentInfo: { executorVersion: '0.170.0' },
    }))
    const error = await failure(box.client.metadata('/f'))
    expect(error.message).toMatch(
      /its session is gone \(the executor is another version now\); nothing was done$/,
    )
    expect(box.client.closedReason).toBeDefined()
  })
})

describe('A session that is gone', () => {
  it('ends every call at once, naming what was lost and since when', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest({ argv: ['make'] }))
    box.server.output('p1', 1, 'kept')
    await settled()
    box.server.answer('fs/writeFile', () => NO_ANSWER)
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const store = failure(box.client.writeFile('/f', Buffer.from('x')))
    const look = failure(box.client.metadata('/f'))
    const read = failure(box.client.read('p1', { afterSeq: 1, waitMs: 60_000 }))
    await box.server.next('fs/writeFile')
    box.answerLater('initialize', REFUSED.unknown)
    await box.drop()

    const gone =
      'the connection to "box" ended at \\S+ \\(socket hang up\\), and its session is gone \\(unknown session id s1\\); lost with it: process "p1" \\("make"\\)'
    expect((await look).text).toMatch(new RegExp(`^\\[process_lost\\] Cannot look at "/f": ${gone}$`))
    expect((await store).text).toMatch(
      new RegExp(`^\\[process_lost\\] Cannot write "/f": ${gone}; unknown: it may have been carried out`),
    )
    expect((await read).text).toMatch(
      new RegExp(`^\\[process_lost\\] Lost process "p1" \\("make"\\): ${gone}`),
    )
    expect(await written(box)).toBe('kept')
    expect(box.client.closedReason?.message).toBe(
      'socket hang up; its session is gone (unknown session id s1)',
    )
    expect(box.dials).toBe(1)
    expect(box.clock.pending).toBe(0)
  })

  it.each([401, 403])('is what %i means, and nobody tries again', async (status) => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.down = new DialRefused('denied', `HTTP ${status}`, status)
    const read = failure(box.client.read('p1', { afterSeq: 0, waitMs: 60_000 }))
    await box.drop()
    expect((await read).message).toMatch(`and it cannot be reached again (HTTP ${status})`)
    expect(box.dials).toBe(1)
  })

  it.each([404, 429, 500, 502, 503])('is not what %i means', async (status) => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.answerLater('process/read', () => readAnswer([]))
    box.down = new DialRefused('unavailable', `HTTP ${status}`, status)
    await box.drop()
    await box.clock.advance(20_000)
    box.down = undefined
    await box.clock.advance(5000)
    expect(box.client.isConnected).toBe(true)
  })

  it('is given up after 90 s', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.down = REFUSED_DIAL
    const read = failure(box.client.read('p1', { afterSeq: 0, waitMs: 600_000 }))
    await box.drop()
    await box.clock.advance(89_000)
    expect(box.client.closedReason).toBeUndefined()
    await box.clock.advance(6_000)
    expect((await read).message).toMatch(/and it could not be reached for 9\d.* s \(connection refused\)/)
    expect(box.clock.pending).toBe(0)
  })

  it('takes only the process with it that the executor has forgotten', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.answerLater('process/read', REFUSED.unknown)
    await box.drop()
    const error = await failure(box.client.read('p1', { afterSeq: 0, waitMs: 60_000 }))
    expect(error.message).toMatch(/^Lost process "p1" \("cat"\): the executor does not know it any more/)
    expect(box.client.closedReason).toBeUndefined()
  })
})

/** A wire that ends with the first message that comes on it. */
function endsAtOnce(wire: Transport): Transport {
  return {
    maxMessageBytes: wire.maxMessageBytes,
    send: (data) => wire.send(data),
    drained: () => wire.drained(),
    close: (reason) => wire.close(reason),
    start: (receiver) =>
      wire.start({
        frame(data) {
          receiver.frame(data)
          receiver.closed(new BridgeError('unavailable', 'lost at once'))
        },
        closed: () => {},
      }),
  }
}

describe('A connection that is lost in the moment in which it is restored', () => {
  // Who waited for it waited for ever: a patch did not end, since the next one was told to others only.
  it('is waited for by the same calls as before', async () => {
    const clock = new ManualClock()
    const [first, second, third] = [
      new ScriptedExecServer(),
      new ScriptedExecServer(),
      new ScriptedExecServer(),
    ]
    third.answer('process/read', () => readAnswer([]))
    const wires = [endsAtOnce(second.transport), third.transport]
    const redial = async () => wires.shift()!
    const client = await BridgeClient.open(first.transport, { name: 'box', clock, redial, random: () => 0 })
    await client.start(startRequest())
    first.answer('fs/getMetadata', () => NO_ANSWER)
    const asked = client.metadata('/f')
    await first.next('fs/getMetadata')
    first.drop()
    await settled()
    await clock.advance(5000)
    expect(wires).toEqual([])
    await expect(asked).resolves.toMatchObject({ kind: 'file' })
    await client.close(new BridgeError('canceled', 'the test is over'))
  })
})

/** A machine whose wire can die without a word: pings are counted, and answered while `isAlive`. */
class SilentMachine implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly servers: ScriptedExecServer[] = []
  readonly pings: number[] = []
  isAlive = true
  /** How far the clock on the wall is ahead of the other. */
  aheadMs = 0
  readonly #client: Promise<BridgeClient>

  constructor() {
    const { clock } = this
    const wallNow = () => clock.now() + this.aheadMs
    const redial = async () => this.#connect()
    this.#client = BridgeClient.open(this.#connect(), {
      name: 'box',
      clock,
      wallNow,
      redial,
      random: () => 0,
    })
  }

  get client(): Promise<BridgeClient> {
    return this.#client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#client).close(new BridgeError('canceled', 'the test is over'))
  }

  #connect(): Transport {
    const server = new ScriptedExecServer()
    server.answer('process/read', () => readAnswer([]))
    this.servers.push(server)
    const ping = () => {
      this.pings.push(this.clock.now())
      pulse.isAnswered = this.isAlive
    }
    const pulse = { receivedBytes: 0, sentBytes: 0, arrivedBytes: 0, queuedBytes: 0, isAnswered: true, ping }
    const { transport } = server
    return {
      start: (receiver) => transport.start(receiver),
      send: (data) => transport.send(data),
      drained: () => transport.drained(),
      close: (reason) => transport.close(reason),
      maxMessageBytes: transport.maxMessageBytes,
      pulse,
    }
  }
}

describe('A connection that is dead without a word', () => {
  it('is found while a process runs and no call waits, and the session goes on over another one', async () => {
    await using box = new SilentMachine()
    const client = await box.client
    await client.start(startRequest())
    box.isAlive = false
    await box.clock.advance(19_000)
    expect([box.pings, box.servers.length]).toEqual([[10_000], 1])
    await box.clock.advance(1000)
    expect(box.servers).toHaveLength(2)
    expect(box.servers[1]!.calls('initialize')).toEqual([{ clientName: 'env-mcp', resumeSessionId: 's1' }])
    expect(client.isConnected).toBe(true)
  })

  it('is not looked for while nothing runs and nobody waits', async () => {
    await using box = new SilentMachine()
    await box.client
    box.isAlive = false
    await box.clock.advance(24 * 3_600_000)
    expect([box.pings, box.servers.length, box.clock.pending]).toEqual([[], 1, 0])
  })

  it('is found within 4 s after the machine has slept, by the clock on the wall', async () => {
    await using box = new SilentMachine()
    await (await box.client).start(startRequest())
    box.isAlive = false
    box.aheadMs = 30_000
    await box.clock.advance(1000)
    expect(box.pings).toEqual([1000])
    await box.clock.advance(3000)
    expect(box.servers).toHaveLength(2)
  })

  it('is not what a clock that is set 24 h on or back makes of a living one', async () => {
    await using box = new SilentMachine()
    await (await box.client).start(startRequest())
    for (const hours of [24, -24]) {
      box.aheadMs += hours * 3_600_000
      await box.clock.advance(30_000)
    }
    expect(box.servers).toHaveLength(1)
  })
})
