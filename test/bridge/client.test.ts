import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../src/util/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { failure, openScripted, startRequest } from '../support/scripted-client.ts'
import { NO_ANSWER } from '../support/scripted-exec-server.ts'

const ENDED = /the connection to "box" ended at \d{4}-\d\d-\d\dT[\d:.]+Z \(socket hang up\)/

describe('BridgeClient, when its connection ends', () => {
  it('rejects every waiting call at once, each with what is known of it', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    for (const method of [
      'fs/getMetadata',
      'fs/writeFile',
      'process/start',
      'process/signal',
      'process/write',
      'process/read',
    ])
      box.server.answer(method, () => NO_ANSWER)
    const waiting = {
      look: failure(box.client.metadata('/f')),
      store: failure(box.client.writeFile('/f', Buffer.from('x'))),
      start: failure(box.client.start(startRequest({ processId: 'p2', argv: ['make'] }))),
      signal: failure(box.client.signal('p1', 'INT')),
      write: failure(box.client.write('p1', Buffer.from('x'))),
      sync: failure(box.client.sync('p1')),
      read: failure(box.client.read('p1', { afterSeq: 0, waitMs: 60_000 })),
    }
    await box.server.next('process/write')
    box.server.drop()

    const look = await waiting.look
    expect(look.code).toBe('unavailable')
    expect(look.message).toMatch(new RegExp(`^Cannot look at "/f": ${ENDED.source}$`))

    const unknown = (what: string) =>
      `; unknown: it may have been carried out, so check ${what} before repeating it`
    const store = await waiting.store
    expect(store.code).toBe('unavailable')
    expect(store.message).toMatch(
      new RegExp(`^Cannot write "/f": ${ENDED.source}${unknown('what the file holds')}$`),
    )
    const checks = { start: 'what it may have done', signal: 'its output', write: 'its output' } as const
    for (const name of ['start', 'signal', 'write'] as const) {
      const { code, message } = await waiting[name]
      expect([name, code]).toEqual([name, 'process_lost'])
      expect(message).toMatch(new RegExp(`${ENDED.source}${unknown(checks[name])}$`))
    }
    expect((await waiting.start).message).toMatch(/^Cannot start "make": /)

    expect((await waiting.sync).code).toBe('process_lost')
    const read = await waiting.read
    expect(read.code).toBe('process_lost')
    expect(read.message).toMatch(
      new RegExp(
        `^Lost process "p1" \\("cat"\\): ${ENDED.source}; a stock executor ends what ran on a lost connection`,
      ),
    )
  })

  it('gives what was read of a process before it says that it is lost', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.output('p1', 1, 'kept')
    box.server.output('p1', 3, 'held')
    await settled()
    box.server.drop()
    await settled()
    const read = await box.client.read('p1', { afterSeq: 0, waitMs: 60_000 })
    expect(read.chunks.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['kept', 'held'])
    const error = await failure(box.client.read('p1', { afterSeq: read.lastSeq, waitMs: 60_000 }))
    expect(error.code).toBe('process_lost')
    expect(box.clock.pending).toBe(0)
  })

  it('keeps the exit code of a process whose last output it does not have', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.exited('p1', 1, 3)
    await settled()
    box.server.drop()
    await settled()
    const error = await failure(box.client.read('p1', { afterSeq: 1, waitMs: 0 }))
    expect(error.message).toMatch(/it had exited with code 3, the end of its output may be missing$/)
  })

  it('loses nothing of a process that was over', async () => {
    await using box = await openScripted({ program: () => ({ output: ['done'], exitCode: 2 }) })
    await box.client.start(startRequest())
    await settled()
    box.server.drop()
    await settled()
    await expect(box.client.read('p1', { afterSeq: 0, waitMs: 0 })).resolves.toMatchObject({
      closed: true,
      exitCode: 2,
    })
    await box.client.sync('p1')
  })

  it('rejects later calls, saying that nothing was done', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.drop()
    await settled()
    const start = await failure(box.client.start(startRequest({ processId: 'p2' })))
    expect(start.code).toBe('unavailable')
    expect(start.message).toMatch(new RegExp(`^Cannot start "cat": ${ENDED.source}; nothing was done$`))
    expect((await failure(box.client.write('p1', Buffer.from('x')))).code).toBe('process_lost')
    expect((await failure(box.client.terminate('p1'))).code).toBe('process_lost')
    expect((await failure(box.client.remove('/x', { recursive: true, force: true }))).message).toMatch(
      /nothing was done$/,
    )
  })

  it('tells its listeners once, those who come late too, and keeps the reason', async () => {
    await using box = await openScripted()
    const told: string[] = []
    box.client.onClosed((reason) => told.push(reason.message))
    expect(box.client.closedReason).toBeUndefined()
    box.server.drop()
    await settled()
    await box.client.close(new BridgeError('canceled', 'too late'))
    box.client.onClosed((reason) => told.push(`late: ${reason.message}`))
    expect(told).toEqual(['socket hang up', 'late: socket hang up'])
    expect(box.client.closedReason?.message).toBe('socket hang up')
  })

  it('is closed with the reason it was given, and resolves when nothing is left', async () => {
    await using box = await openScripted()
    await box.client.close(new BridgeError('canceled', 'no longer needed'))
    expect(box.client.closedReason?.message).toBe('no longer needed')
    await settled()
    expect(box.server.closedReason?.message).toBe('no longer needed')
  })
})

describe('BridgeClient, whatever it is sent', () => {
  it('ends on garbage, and says what it was', async () => {
    for (const garbage of ['hello', '[1,2]', '7', '{"id":1}', '']) {
      await using box = await openScripted()
      box.server.answer('fs/getMetadata', () => NO_ANSWER)
      const waiting = failure(box.client.metadata('/f'))
      box.server.sendRaw(garbage)
      expect((await waiting).message).toMatch(/The other end sent something that is not JSON-RPC/)
    }
  })

  it('ignores a second answer, an answer to nothing, and the error of a server that could not read', async () => {
    await using box = await openScripted()
    box.server.answer('fs/getMetadata', () => {
      const { id } = box.server.received.at(-1)
      const result = { isDirectory: true, isFile: false }
      box.server.sendRaw(JSON.stringify({ id, result }))
      return { isDirectory: false, isFile: true }
    })
    expect((await box.client.metadata('/f')).kind).toBe('directory')
    box.server.sendRaw('{"id":4711,"result":{}}')
    box.server.sendRaw('{"error":{"code":-32600,"message":"failed to parse"},"id":-1}')
    expect((await box.client.metadata('/f')).kind).toBe('directory')
  })

  it('never sends what makes an exec-server close: an unknown notification, an unasked answer, a batch', async () => {
    await using box = await openScripted({ program: () => ({ output: ['x'] }) })
    await box.client.start(startRequest())
    await box.client.metadata('/f')
    for (const message of box.server.received) {
      expect(Array.isArray(message)).toBe(false)
      expect(typeof message.method).toBe('string')
      if (message.id === undefined) expect(message.method).toBe('initialized')
    }
  })

  it('gives up on a call that is never answered, and says what held it up', async () => {
    await using box = await openScripted({ isSerial: true })
    await box.client.start(startRequest())
    box.server.answer('process/write', () => NO_ANSWER)
    const writing = failure(box.client.write('p1', Buffer.from('x')))
    await box.server.next('process/write')
    const error = await failure(box.client.metadata('/f', { timeoutMs: 30 }))
    expect(error.text).toBe(
      '[deadline] Cannot look at "/f": no answer from the executor within 30 ms; it has been at process/write for 0 ms: terminate the process that does not read its input',
    )
    expect(box.client.closedReason).toBeUndefined()
    box.server.drop()
    await writing
  })

  it('gives the reason of a caller who gives up, as it is', async () => {
    await using box = await openScripted()
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const caller = new AbortController()
    const reason = new BridgeError('deadline', 'the tool ran out of time')
    const waiting = failure(box.client.metadata('/f', { signal: caller.signal }))
    caller.abort(reason)
    expect(await waiting).toBe(reason)
  })

  it('refuses more calls than may wait at a time', async () => {
    await using box = await openScripted()
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const waiting = Array.from({ length: 256 }, () => failure(box.client.metadata('/f')))
    expect((await failure(box.client.metadata('/f'))).text).toBe(
      '[unavailable] Cannot look at "/f": the machine is too busy, 256 calls wait for it already; nothing was done',
    )
    box.server.drop()
    await Promise.all(waiting)
  })

  // The machine that was too busy could not be relieved: 256 starts that nobody waited for any more kept it from hearing of their ends.
  it('ends a process however many calls wait', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const waiting = Array.from({ length: 256 }, () => failure(box.client.metadata('/f')))
    expect(await box.client.terminate('p1')).toBe(true)
    box.server.drop()
    await Promise.all(waiting)
  })
})

// An exec-server of codex reads up to 128 messages ahead; sent 250 requests at once it stops to answer for good.
describe('BridgeClient, with many calls at once', () => {
  it('sends 64, and one more for each answer', async () => {
    await using box = await openScripted()
    const answers: ((result: object) => void)[] = []
    box.server.answer('fs/getMetadata', () => new Promise((resolve) => answers.push(resolve)))
    const calls = Array.from({ length: 80 }, (_, index) =>
      failure(box.client.metadata(`/${index}`)).catch(() => {}),
    )
    await settled()
    expect(answers).toHaveLength(64)
    for (const answer of answers.slice(0, 3)) answer({ isDirectory: false, isFile: true })
    await settled()
    expect(
      box.server
        .calls('fs/getMetadata')
        .slice(1)
        .map(({ path }) => path),
    ).toEqual(Array.from({ length: 67 }, (_, index) => `file:///${index}`))
    box.server.drop()
    await Promise.all(calls)
  })

  it('counts 64 blocks of files at most among those that wait, however many are asked for', async () => {
    await using box = await openScripted()
    box.server.answer('fs/open', ({ handleId }) => ({ handleId }))
    const file = await box.client.open('/f', 'read')
    box.server.answer('fs/readBlock', () => NO_ANSWER)
    const blocks = Array.from({ length: 300 }, () => failure(file.read(0, 1)))
    await settled()
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const others = Array.from({ length: 256 - 64 }, () => failure(box.client.metadata('/f')))
    expect((await failure(box.client.metadata('/f'))).message).toMatch(/too busy, 256 calls wait/)
    box.server.drop()
    const reasons = (await Promise.all([...blocks, ...others])).map(({ message }) => message)
    expect(reasons.filter((message) => /too busy/.test(message))).toEqual([])
  })

  it('does not let what ends a process wait for them', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const calls = Array.from({ length: 80 }, () => failure(box.client.metadata('/f')))
    await box.client.write('p1', Buffer.from('x'))
    await box.client.signal('p1', 'INT')
    expect(await box.client.terminate('p1')).toBe(true)
    box.server.drop()
    await Promise.all(calls)
  })

  it('says of those it had not sent that nothing was done', async () => {
    await using box = await openScripted()
    box.server.answer('fs/writeFile', () => NO_ANSWER)
    const calls = Array.from({ length: 65 }, () => failure(box.client.writeFile('/f', Buffer.from('x'))))
    await settled()
    box.server.drop()
    const [first, ...rest] = (await Promise.all(calls)).map(({ message }) => message)
    expect(first).toMatch(
      /; unknown: it may have been carried out, so check what the file holds before repeating it$/,
    )
    expect(rest.at(-1)).toMatch(/; nothing was done$/)
  })

  it('lets one that waits give up, and sends it never', async () => {
    await using box = await openScripted()
    box.server.answer('fs/getMetadata', () => NO_ANSWER)
    const calls = Array.from({ length: 64 }, () => failure(box.client.metadata('/f')))
    const caller = new AbortController()
    const late = failure(
      box.client.remove('/f', { recursive: false, force: false }, { signal: caller.signal }),
    )
    caller.abort(new BridgeError('canceled', 'enough'))
    expect((await late).text).toBe('[canceled] enough')
    expect(box.server.calls('fs/remove')).toEqual([])
    box.server.drop()
    await Promise.all(calls)
  })
})

describe('BridgeClient, as its pool sees it', () => {
  it('is idle when no call waits and no process runs, forgotten ones included', async () => {
    await using box = await openScripted()
    expect(box.client.isIdle).toBe(true)
    let answerCall = (_: unknown) => {}
    box.server.answer('fs/getMetadata', () => new Promise((resolve) => (answerCall = resolve)))
    const call = box.client.metadata('/f')
    expect(box.client.isIdle).toBe(false)
    await box.server.next('fs/getMetadata')
    await settled()
    answerCall({ isDirectory: false, isFile: true })
    await call
    expect(box.client.isIdle).toBe(true)

    await box.client.start(startRequest())
    expect(box.client.isIdle).toBe(false)
    box.client.forget('p1')
    expect(box.client.isIdle).toBe(false)
    box.server.exited('p1', 1)
    await settled()
    expect(box.client.isIdle).toBe(false)
    box.server.closed('p1', 2)
    await settled()
    expect(box.client.isIdle).toBe(true)
  })

  it('knows when something happened last: a call, its answer, a notification', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    await box.clock.advance(1000)
    box.server.output('p1', 1, 'x')
    await settled()
    expect(box.client.lastActivityMs).toBe(1000)
    await box.clock.advance(1000)
    await box.client.metadata('/f')
    expect(box.client.lastActivityMs).toBe(2000)
    await box.clock.advance(1000)
    expect(box.client.lastActivityMs).toBe(2000)
  })

  it('knows the round trip of its handshake', async () => {
    await using box = await openScripted()
    expect(box.client.roundTripMs).toBe(0)
  })
})
