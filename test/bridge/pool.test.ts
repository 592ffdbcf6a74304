import { describe, expect, it, vi } from 'vitest'
import type { BridgeTarget } from '../../src/bridge/dial-target.ts'
import { BridgePool } from '../../src/bridge/pool.ts'
import { type Credential, liveCredential } from '../../src/credentials/credential.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { listenScripted } from '../support/listening-exec-server.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { failure, startRequest } from '../support/scripted-client.ts'
import { NO_ANSWER } from '../support/scripted-exec-server.ts'

const MINUTE = 60_000

function target(url: string, over: Partial<BridgeTarget> = {}): BridgeTarget {
  return { key: 'k', name: 'box', url, framing: 'text', credential: undefined, ...over }
}

/** A credential that has no other secret than the one it has. */
function secret(read: () => Promise<string>): Credential {
  return { origin: 'a test', read, renew: async () => undefined }
}

describe('BridgePool', () => {
  it('dials once for those who ask at the same time, and keeps the client', async () => {
    await using server = await listenScripted()
    await using pool = new BridgePool()
    const clients = await Promise.all([1, 2, 3].map(() => pool.get(target(server.url))))
    expect(new Set([...clients, await pool.get(target(server.url))]).size).toBe(1)
    expect(server.upgrades).toHaveLength(1)
  })

  it('dials at first use, not before, and shows only what is connected', async () => {
    await using server = await listenScripted()
    await using pool = new BridgePool()
    expect(pool.connected('k')).toBeUndefined()
    expect(server.upgrades).toHaveLength(0)
    const client = await pool.get(target(server.url))
    expect(pool.connected('k')).toBe(client)
  })

  it('is not held up by a machine that does not answer', async () => {
    await using dead = await listenScripted({ refuse: () => 'hang' })
    await using server = await listenScripted()
    await using pool = new BridgePool()
    const hanging = failure(pool.get(target(dead.url, { key: 'dead' })))
    await dead.nextUpgrade()
    await pool.get(target(server.url, { key: 'good' }))
    await pool[Symbol.asyncDispose]()
    await hanging
  })

  it('gives up a dial after its time, in words to act on, and dials anew at the next use', async () => {
    let isDead = true
    await using server = await listenScripted({ refuse: () => (isDead ? 'hang' : undefined) })
    await using pool = new BridgePool({ dialTimeoutMs: 500 })
    expect((await failure(pool.get(target(server.url)))).text).toBe(
      '[unavailable] Cannot connect to "box": no answer within 0.5 s, the machine or the way to it is down or slow',
    )
    isDead = false
    await pool.get(target(server.url))
    expect(server.upgrades).toHaveLength(2)
  })

  it('counts the handshake into the time of a dial', async () => {
    await using server = await listenScripted({ answers: { initialize: () => NO_ANSWER } })
    await using pool = new BridgePool({ dialTimeoutMs: 100 })
    expect((await failure(pool.get(target(server.url)))).message).toMatch(/no answer within 0\.1 s/)
  })

  it('leaves a dial to the others when one of its callers gives up', async () => {
    let letIn = () => {}
    const gate = new Promise<void>((resolve) => {
      letIn = resolve
    })
    await using server = await listenScripted()
    await using pool = new BridgePool()
    const opened = gate.then(() => 'slow')
    const slow = target(server.url, { credential: secret(() => opened) })
    const caller = new AbortController()
    const impatient = failure(pool.get(slow, caller.signal))
    const patient = pool.get(slow)
    caller.abort(new BridgeError('canceled', 'enough'))
    expect((await impatient).text).toBe('[canceled] enough')
    letIn()
    const client = await patient
    expect(pool.connected('k')).toBe(client)
    expect(server.upgrades).toHaveLength(1)
  })

  it('reads the token at each dial', async () => {
    await using server = await listenScripted({
      refuse: ({ headers }) => (headers.authorization === 'Bearer new' ? undefined : { status: 401 }),
    })
    await using pool = new BridgePool()
    let token = 'old'
    const rotated = target(server.url, { credential: secret(async () => token) })
    expect((await failure(pool.get(rotated))).code).toBe('denied')
    token = 'new'
    await pool.get(rotated)
  })

  it('does not dial without the token it was promised', async () => {
    await using server = await listenScripted()
    await using pool = new BridgePool()
    const reason = new BridgeError('denied', 'variable "T" is unset')
    const broken = target(server.url, { credential: secret(() => Promise.reject(reason)) })
    expect(await failure(pool.get(broken))).toBe(reason)
    expect(server.upgrades).toHaveLength(0)
  })

  it('dials anew when a session has ended, and keeps nothing of the old one', async () => {
    await using server = await listenScripted()
    await using pool = new BridgePool()
    const first = await pool.get(target(server.url))
    await first.close(new BridgeError('unavailable', 'enough'))
    expect(pool.connected('k')).toBeUndefined()
    const second = await pool.get(target(server.url))
    expect(second).not.toBe(first)
    expect(pool.connected('k')).toBe(second)
    expect(server.upgrades).toHaveLength(2)
  })

  it('keeps a client whose connection is lost, and shows it when it has another one', async () => {
    await using server = await listenScripted()
    await using pool = new BridgePool()
    const client = await pool.get(target(server.url))
    server.servers[0]!.drop()
    await vi.waitUntil(() => !client.isConnected)
    expect(pool.connected('k')).toBeUndefined()
    expect(await pool.get(target(server.url))).toBe(client)
    await client.metadata('/f')
    expect(pool.connected('k')).toBe(client)
    expect(server.upgrades).toHaveLength(2)
  })

  it('renews a token that is refused, and tries once more', async () => {
    await using server = await listenScripted({
      refuse: ({ headers }) => (headers.authorization === 'Bearer new' ? undefined : { status: 401 }),
    })
    await using pool = new BridgePool()
    const refused: string[] = []
    const credential = (renewed: string | undefined): Credential => ({
      origin: 'a test',
      read: async () => 'old',
      async renew(secret) {
        refused.push(secret)
        return renewed
      },
    })
    await pool.get(target(server.url, { credential: credential('new') }))
    expect(refused).toEqual(['old'])
    for (const useless of [undefined, 'newer']) {
      const again = target(server.url, { key: 'other', credential: credential(useless) })
      expect((await failure(pool.get(again))).code).toBe('denied')
    }
    expect(server.upgrades).toHaveLength(5)
  })

  /** A session with a process, whose connection is lost after its token was revoked. */
  async function revokedWhileAway() {
    const clock = new ManualClock()
    const token = { current: 'old', good: 'old', listener: () => {} }
    const server = await listenScripted({
      refuse: ({ headers }) =>
        headers.authorization === `Bearer ${token.good}` ? undefined : { status: 401 },
    })
    const pool = new BridgePool({ clock })
    const credential = liveCredential('a test', async () => token.current)
    const onChange = (listener: () => void) => {
      token.listener = listener
      return { [Symbol.dispose]: () => {} }
    }
    const client = await pool.get(target(server.url, { credential: { ...credential, onChange } }))
    await client.start(startRequest({ processId: 'p1' }))
    token.good = 'new'
    server.servers[0]!.drop()
    await vi.waitUntil(() => server.upgrades.length === 2)
    return {
      ...{ clock, token, server, client },
      async [Symbol.asyncDispose]() {
        await pool[Symbol.asyncDispose]()
        await server[Symbol.asyncDispose]()
      },
    }
  }

  // A rotation revokes in one place and writes in another: a connection lost in between took the session, and all in it, with it.
  it('waits a moment for another token when that of a session is refused, and goes on with it', async () => {
    await using away = await revokedWhileAway()
    await vi.waitUntil(() => away.clock.pending > 0)
    away.token.current = 'new'
    away.token.listener()
    await vi.waitUntil(() => away.client.isConnected)
    expect(away.server.upgrades).toHaveLength(3)
    expect(away.client.closedReason).toBeUndefined()
  })

  it('gives the session up when there is no other token by then', async () => {
    await using away = await revokedWhileAway()
    await settled()
    await away.clock.advance(2_900)
    expect(away.client.closedReason).toBeUndefined()
    await away.clock.advance(200)
    await vi.waitUntil(() => away.client.closedReason !== undefined)
    expect(away.client.closedReason?.message).toMatch(/HTTP 401/)
    expect(away.server.upgrades).toHaveLength(2)
  })

  it('closes what has been idle for 5 min, and dials it again at its next use', async () => {
    const clock = new ManualClock()
    await using server = await listenScripted()
    await using pool = new BridgePool({ clock })
    const client = await pool.get(target(server.url))
    await clock.advance(4 * MINUTE)
    await pool.get(target(server.url))
    await clock.advance(4.9 * MINUTE)
    expect(client.closedReason).toBeUndefined()
    await clock.advance(MINUTE)
    expect(client.closedReason?.message).toBe('nothing happened on it for 5 min')
    expect(clock.pending).toBe(0)
    expect(await pool.get(target(server.url))).not.toBe(client)
  })

  it('keeps a connection while a process runs, or a call waits', async () => {
    const clock = new ManualClock()
    await using server = await listenScripted()
    await using pool = new BridgePool({ clock })
    const client = await pool.get(target(server.url))
    await client.start(startRequest())
    await clock.advance(60 * MINUTE)
    expect(client.closedReason).toBeUndefined()
    const over = client.read('p1', { afterSeq: 0, waitMs: 5000 })
    server.servers[0]!.closed('p1', 1)
    await over
    server.servers[0]!.answer('fs/getMetadata', () => NO_ANSWER)
    const waiting = failure(client.metadata('/f'))
    await clock.advance(60 * MINUTE)
    expect(client.closedReason).toBeUndefined()
    await pool[Symbol.asyncDispose]()
    await waiting
  })

  it('closes the longest idle one when there are too many, and refuses when all are in use', async () => {
    const clock = new ManualClock()
    await using server = await listenScripted()
    await using pool = new BridgePool({ clock, maxConnections: 2 })
    const get = async (key: string) => {
      await clock.advance(1)
      return pool.get(target(server.url, { key }))
    }
    const a = await get('a')
    const b = await get('b')
    await get('a')
    const c = await get('c')
    expect([a, b, c].map((client) => client.closedReason?.message)).toEqual([
      undefined,
      'its place is needed',
      undefined,
    ])
    await a.start(startRequest())
    await c.start(startRequest())
    expect((await failure(get('d'))).text).toBe(
      '[unavailable] Cannot connect to "box": 2 connections are open, and all are in use',
    )
    expect(await get('a')).toBe(a)
  })

  it('closes everything at its end, dials too, and takes no more', async () => {
    await using dead = await listenScripted({ refuse: () => 'hang' })
    await using server = await listenScripted()
    const pool = new BridgePool()
    const client = await pool.get(target(server.url))
    const hanging = failure(pool.get(target(dead.url, { key: 'dead' })))
    await dead.nextUpgrade()
    await pool[Symbol.asyncDispose]()
    expect((await hanging).text).toBe('[unavailable] the server is shutting down')
    expect(client.closedReason?.message).toBe('the server is shutting down')
    expect((await failure(pool.get(target(server.url)))).code).toBe('unavailable')
    expect(server.upgrades).toHaveLength(1)
  })

  it('logs that it connected and why it was closed, without URL or token', async () => {
    const logger = createMemoryLogger()
    await using server = await listenScripted()
    const pool = new BridgePool({ logger })
    await pool.get(target(server.url, { credential: secret(async () => 'secret') }))
    await pool[Symbol.asyncDispose]()
    await settled()
    expect(logger.lines.map(({ message }) => message)).toEqual(['connected', 'connection closed'])
    expect(JSON.stringify(logger.lines)).not.toMatch(/secret|127\.0\.0\.1/)
  })
})
