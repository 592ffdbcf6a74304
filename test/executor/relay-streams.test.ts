import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RelayStreams } from '../../src/executor/relay-streams.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import { decodeRelayFrame, encodeRelayFrame, type RelayBody } from '../../src/rpc/relay-frames.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { Mailbox } from '../support/mailbox.ts'
import { settled } from '../support/manual-clock.ts'

interface Opened {
  readonly stream: Transport
  readonly messages: Mailbox<string>
  readonly closed: Mailbox<string>
}

let theirs: Transport
let streams: RelayStreams
const opened = new Mailbox<Opened>()
const frames = new Mailbox<{ streamId: string; body: RelayBody }>()
const over = new Mailbox<string>()

beforeEach(() => {
  const [a, b] = memoryPair()
  theirs = b
  streams = new RelayStreams(a, {
    opened(stream) {
      const one = { stream, messages: new Mailbox<string>(), closed: new Mailbox<string>() }
      stream.start({
        frame: (data) => one.messages.put(Buffer.from(data).toString()),
        closed: (reason) => one.closed.put(reason.message),
      })
      opened.put(one)
    },
    closed: (reason) => over.put(reason.message),
  })
  theirs.start({ frame: (data) => frames.put(decodeRelayFrame(data)), closed() {} })
})
afterEach(async () => {
  streams.close(new BridgeError('unavailable', 'The test is over'))
  await over.take()
})

function send(streamId: string, body: RelayBody): void {
  theirs.send(encodeRelayFrame({ streamId, body }))
}

function say(streamId: string, seq: number, text: string, [index, count]: [number, number] = [0, 1]): void {
  const payload = Buffer.from(text)
  send(streamId, { kind: 'data', seq, segmentIndex: index, segmentCount: count, payload })
}

describe('RelayStreams', () => {
  it('makes a transport of each stream, and answers on the same', async () => {
    send('a', { kind: 'resume', nextSeq: 0 })
    say('a', 0, 'one')
    say('b', 0, 'two')
    const [a, b] = [await opened.take(), await opened.take()]
    expect([await a.messages.take(), await b.messages.take()]).toEqual(['one', 'two'])
    b.stream.send(Buffer.from('to b'))
    b.stream.send(Buffer.from('more'))
    const payload = expect.toSatisfy((bytes: Uint8Array) => Buffer.from(bytes).toString() === 'to b')
    expect(await frames.take()).toMatchObject({ streamId: 'b', body: { seq: 0, segmentCount: 1, payload } })
    expect((await frames.take()).body).toMatchObject({ seq: 1 })
  })

  it('drops what comes twice, and puts segments together', async () => {
    say('a', 0, 'one')
    say('a', 0, 'one')
    say('a', 1, 'tw', [0, 2])
    say('a', 1, 'o', [1, 2])
    const { messages } = await opened.take()
    expect([await messages.take(), await messages.take()]).toEqual(['one', 'two'])
  })

  it('ends one stream with a reset from either side, and no other', async () => {
    say('a', 0, '')
    say('b', 0, '')
    const [a, b] = [await opened.take(), await opened.take()]
    send('a', { kind: 'reset', reason: 'bye' })
    expect(await a.closed.take()).toBe('The client left (bye)')
    b.stream.close(new BridgeError('unavailable', 'Enough'))
    expect(await frames.take()).toMatchObject({ streamId: 'b', body: { kind: 'reset', reason: 'Enough' } })
    expect(await b.closed.take()).toBe('Enough')
    say('a', 0, 'anew')
    expect(await (await opened.take()).messages.take()).toBe('anew')
  })

  it('asks one that sends much to wait for credit, once the other end has given some', async () => {
    say('a', 0, 'x')
    const { stream } = await opened.take()
    stream.send(Buffer.alloc(10))
    await stream.drained()
    theirs.send(encodeRelayFrame({ streamId: 'a', credit: 15, body: { kind: 'ack' } }))
    await settled()
    await stream.drained()
    stream.send(Buffer.alloc(10))
    let isDrained = false
    const drained = stream.drained().then(() => {
      isDrained = true
    })
    await settled()
    expect(isDrained).toBe(false)
    theirs.send(encodeRelayFrame({ streamId: 'a', credit: 21, body: { kind: 'ack' } }))
    await drained
    stream.send(Buffer.alloc(10))
    const last = stream.drained()
    send('a', { kind: 'reset', reason: 'bye' })
    await last
    for (let n = 0; n < 3; n++) await frames.take()
  })

  it('opens no stream for what is late', async () => {
    send('gone', { kind: 'reset', reason: 'late' })
    send('gone', { kind: 'ack' })
    say('a', 0, 'first')
    expect(await (await opened.take()).messages.take()).toBe('first')
    expect(opened.size).toBe(0)
  })

  it('refuses a stream too many, and an id that is too long', async () => {
    for (let n = 0; n < 128; n++) say(randomUUID(), 0, 'x')
    for (let n = 0; n < 128; n++) await opened.take()
    say('one more', 0, 'x')
    expect(await frames.take()).toMatchObject({ streamId: 'one more', body: { kind: 'reset' } })
    say('x'.repeat(129), 0, 'x')
    expect(await frames.take()).toMatchObject({ body: { kind: 'reset' } })
    expect(opened.size).toBe(0)
  })

  it('ends a stream whose segments do not fit, and the socket at what is no frame', async () => {
    say('a', 0, 'x', [1, 2])
    const a = await opened.take()
    expect(await a.closed.take()).toContain('segments out of order')
    say('b', 0, 'x')
    const b = await opened.take()
    theirs.send(Buffer.from('{"json":1}'))
    expect(await b.closed.take()).toContain('not a relay frame')
    expect(await over.take()).toContain('not a relay frame')
    over.put('again, for afterEach')
  })
})
