import { describe, expect, it } from 'vitest'
import type { Transport } from '../../src/rpc/transport.ts'
import { Turns } from '../../src/rpc/turns.ts'
import { type Deferred, deferred } from '../../src/util/deferred.ts'
import { settled } from '../support/manual-clock.ts'

/** A socket that is full after each frame until the test drains it. */
class SlowSocket implements Transport {
  readonly maxMessageBytes = 1000
  readonly sent: string[] = []
  #drain: Deferred<void> = deferred()

  start(): void {}
  close(): void {}

  send(data: Uint8Array): void {
    this.sent.push(Buffer.from(data).toString())
    this.#drain = deferred()
  }

  drained(): Promise<void> {
    return this.#drain.promise
  }

  async drain(): Promise<void> {
    this.#drain.resolve()
    await settled()
  }
}

const frame = (text: string) => Buffer.from(text)

describe('Turns', () => {
  it('sends at once when nobody else does', () => {
    const socket = new SlowSocket()
    new Turns(socket, 100).send({}, frame('a'))
    expect(socket.sent).toEqual(['a'])
  })

  it('gives each sender one frame in turn, in its own order', async () => {
    const socket = new SlowSocket()
    const turns = new Turns(socket, 100)
    const [greedy, quiet] = [{}, {}]
    for (const text of ['g1', 'g2', 'g3', 'g4']) turns.send(greedy, frame(text))
    for (const text of ['q1', 'q2']) turns.send(quiet, frame(text))
    for (let n = 0; n < 6; n++) await socket.drain()
    expect(socket.sent).toEqual(['g1', 'g2', 'q1', 'g3', 'q2', 'g4'])
  })

  it('drops what waits of one that is gone', async () => {
    const socket = new SlowSocket()
    const turns = new Turns(socket, 4)
    const [gone, quiet] = [{}, {}]
    for (const text of ['g1g1', 'g2g2', 'g3g3']) turns.send(gone, frame(text))
    turns.send(quiet, frame('q'))
    const drained = turns.drained(gone)
    turns.forget(gone)
    await drained
    for (let n = 0; n < 2; n++) await socket.drain()
    expect(socket.sent).toEqual(['g1g1', 'q'])
  })

  it('asks a sender to wait by what it has waiting itself', async () => {
    const socket = new SlowSocket()
    const turns = new Turns(socket, 4)
    const [greedy, quiet] = [{}, {}]
    for (const text of ['gg', 'gg', 'gg', 'gg']) turns.send(greedy, frame(text))
    turns.send(quiet, frame('q'))
    let isDrained = false
    void turns.drained(greedy).then(() => {
      isDrained = true
    })
    await turns.drained(quiet)
    expect(isDrained).toBe(false)
    for (let n = 0; n < 4; n++) await socket.drain()
    expect(isDrained).toBe(true)
  })
})
