import { describe, expect, it } from 'vitest'
import { RPC_LIMITS } from '../../src/rpc/limits.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import { type PeerHandlers, RpcError, RpcPeer } from '../../src/rpc/peer.ts'
import type { Transport } from '../../src/rpc/transport.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { Recorder } from '../support/recorder.ts'
import { failure } from '../support/scripted-client.ts'

const OVER = new BridgeError('unavailable', 'it is over')

/** The most that one message may have here. */
const MAX_BYTES = 1000

function smallPair(): [Transport, Transport] {
  const pair = memoryPair()
  for (const end of pair) Object.defineProperty(end, 'maxMessageBytes', { value: MAX_BYTES })
  return pair
}

/** A peer, and the raw other end. */
function peerAndRaw(handlers?: PeerHandlers): {
  peer: RpcPeer
  raw: Recorder
  say(text: string): void
  far: Transport
} {
  const [near, far] = smallPair()
  const peer = new RpcPeer(near, handlers)
  const raw = new Recorder(far)
  return { peer, raw, far, say: (text) => far.send(Buffer.from(text)) }
}

function twoPeers(left: PeerHandlers, right: PeerHandlers): [RpcPeer, RpcPeer] {
  const [a, b] = smallPair()
  return [new RpcPeer(a, left), new RpcPeer(b, right)]
}

describe('RpcPeer.request', () => {
  it('gives each caller its own answer, in whatever order they come', async () => {
    const { peer, raw, say } = peerAndRaw()
    const first = peer.request('a', { x: 1 })
    const second = peer.request('b', null)
    await settled()
    expect(raw.texts.map((text) => JSON.parse(text))).toEqual([
      { jsonrpc: '2.0', id: 1, method: 'a', params: { x: 1 } },
      { jsonrpc: '2.0', id: 2, method: 'b', params: null },
    ])
    say('{"id":2,"result":"two"}')
    say('{"id":1,"result":"one"}')
    expect(await Promise.all([first, second])).toEqual(['one', 'two'])
    expect(peer.pendingCount).toBe(0)
  })

  it('rejects with what the other end says, number and all', async () => {
    const { peer, say } = peerAndRaw()
    const call = failure(peer.request('a', {}))
    say('{"id":1,"error":{"code":-32004,"message":"not there","data":{"k":1}}}')
    const error = await call
    expect(error).toBeInstanceOf(RpcError)
    expect(error).toMatchObject({ rpcCode: -32004, message: 'not there', data: { k: 1 } })
  })

  it('ends with the signal of its caller, whose late answer is ignored', async () => {
    const { peer, say } = peerAndRaw()
    const caller = new AbortController()
    const call = failure(peer.request('a', {}, { signal: caller.signal }))
    caller.abort(OVER)
    expect(await call).toBe(OVER)
    say('{"id":1,"result":1}')
    say('{"id":99,"result":1}')
    await settled()
    expect(peer.closedReason).toBeUndefined()
    expect(peer.pendingCount).toBe(0)
  })

  it('is not sent for a caller who has given up already', async () => {
    const { peer, raw } = peerAndRaw()
    expect(await failure(peer.request('a', {}, { signal: AbortSignal.abort(OVER) }))).toBe(OVER)
    await settled()
    expect(raw.frames).toEqual([])
  })

  it('ends at its time limit', async () => {
    const { peer } = peerAndRaw()
    const error = await failure(peer.request('fs/x', {}, { timeoutMs: 5 }))
    expect(error.text).toBe('[deadline] fs/x took longer than 5 ms')
  })

  it('removes its listener from a signal that outlives it', async () => {
    const { peer, say } = peerAndRaw()
    let listeners = 0
    const { signal } = new AbortController()
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    const call = peer.request('a', {}, { signal })
    say('{"id":1,"result":1}')
    await call
    expect(listeners).toBe(0)
  })

  it('is refused before it is sent when too many wait, or the message is too large', async () => {
    const { peer, raw } = peerAndRaw()
    const large = 'x'.repeat(MAX_BYTES)
    expect((await failure(peer.request('a', large))).code).toBe('invalid_input')
    expect(() => peer.notify('a', large)).toThrow(BridgeError)
    const waiting = Array.from({ length: RPC_LIMITS.maxPending }, () => failure(peer.request('a', {})))
    expect((await failure(peer.request('a', {}))).text).toMatch(/^\[unavailable\] Too busy/)
    await settled()
    expect(raw.frames).toHaveLength(RPC_LIMITS.maxPending)
    await peer.close(OVER)
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([OVER]))
  })

  it('survives a second answer', async () => {
    const { peer, say } = peerAndRaw()
    const call = peer.request('a', {})
    say('{"id":1,"result":"first"}')
    say('{"id":1,"result":"second"}')
    expect(await call).toBe('first')
    expect(peer.closedReason).toBeUndefined()
  })
})

describe('RpcPeer, answering', () => {
  it('gives results, nothing as null, and errors with their numbers', async () => {
    const [caller] = twoPeers(
      {},
      {
        async request(method, params) {
          if (method === 'echo') return params
          if (method === 'nothing') return undefined
          if (method === 'odd') throw new RpcError({ code: -32010, message: 'attached', data: 1 })
          throw new BridgeError('denied', 'not you')
        },
      },
    )
    expect(await caller.request('echo', { a: [1] })).toEqual({ a: [1] })
    expect(await caller.request('nothing', {})).toBeNull()
    expect(await failure(caller.request('odd', {}))).toMatchObject({
      rpcCode: -32010,
      message: 'attached',
      data: 1,
    })
    expect(await failure(caller.request('other', {}))).toMatchObject({ rpcCode: -32603, message: 'not you' })
  })

  it('says that there is no such method when nobody answers', async () => {
    const [caller] = twoPeers({}, {})
    expect(await failure(caller.request('x', {}))).toMatchObject({
      rpcCode: -32601,
      message: 'Method not found: x',
    })
  })

  it('answers a result that cannot be sent with an error', async () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    const results: Record<string, unknown> = {
      circle,
      big: 10n,
      large: 'x'.repeat(MAX_BYTES),
    }
    const [caller] = twoPeers({}, { request: async (method) => results[method] })
    for (const method of Object.keys(results))
      expect(await failure(caller.request(method, {}))).toMatchObject({ rpcCode: -32603 })
    expect(await failure(caller.request('large', {}))).toMatchObject({
      message: expect.stringMatching(/^The answer to large needs a message of \d+ bytes/),
    })
  })

  it('works on several at a time', async () => {
    let release = (_: unknown) => {}
    const [caller] = twoPeers(
      {},
      {
        request: (method) =>
          method === 'slow' ? new Promise((resolve) => (release = resolve)) : Promise.resolve(1),
      },
    )
    const slow = caller.request('slow', {})
    expect(await caller.request('fast', {})).toBe(1)
    release(2)
    expect(await slow).toBe(2)
  })

  it('tells a handler when the connection ends, and sends nothing then', async () => {
    const aborted: unknown[] = []
    const { peer, raw, say } = peerAndRaw({
      request: (_method, _params, signal) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            aborted.push(signal.reason)
            resolve('late')
          }),
        ),
    })
    say('{"id":7,"method":"wait"}')
    await settled()
    await peer.close(OVER)
    await settled()
    expect(aborted).toEqual([OVER])
    expect(raw.frames).toEqual([])
  })

  it('hands on notifications in order, before the answers that came after them', async () => {
    const seen: unknown[] = []
    const { peer, say } = peerAndRaw({ notification: (method, params) => seen.push([method, params]) })
    const call = peer.request('a', {}).then(() => seen.push('answer'))
    say('{"method":"n","params":1}')
    say('{"method":"n","params":2}')
    say('{"id":1,"result":0}')
    await call
    expect(seen).toEqual([['n', 1], ['n', 2], 'answer'])
  })
})

describe('the end of an RpcPeer', () => {
  it('gives everyone the first reason: who waits, who comes later, and its owner, in this order', async () => {
    const order: string[] = []
    const { peer, far } = peerAndRaw({ closed: (reason) => order.push(`closed: ${reason.message}`) })
    const waiting = failure(peer.request('a', {}))
    far.close(OVER)
    expect(await waiting).toBe(OVER)
    await peer.close(new BridgeError('internal', 'second'))
    expect(await failure(peer.request('b', {}))).toBe(OVER)
    peer.notify('n', {})
    expect(peer.closedReason).toBe(OVER)
    expect(order).toEqual(['closed: it is over'])
  })

  it('makes one of ours of a foreign reason', async () => {
    const { peer, far } = peerAndRaw()
    far.close(new Error('socket hang up'))
    await settled()
    expect(peer.closedReason?.text).toBe('[unavailable] socket hang up')
  })

  it('comes with the first thing that is not JSON-RPC, and closes the transport', async () => {
    const { peer, raw, say } = peerAndRaw()
    const waiting = failure(peer.request('a', {}))
    say('HTTP/1.1 400')
    expect((await waiting).text).toBe('[unavailable] The other end sent something that is not JSON-RPC')
    await raw.closed
  })

  it('is complete when the transport is gone', async () => {
    const { peer, raw } = peerAndRaw()
    const closing = peer.close(OVER)
    expect(raw.reasons).toEqual([])
    await closing
    await settled()
    expect(raw.reasons).toEqual(['it is over'])
  })
})
