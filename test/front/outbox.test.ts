import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { FRONT_LIMITS } from '../../src/front/limits.ts'
import { Outbox } from '../../src/front/outbox.ts'

/** A client that reads nothing until it is told to. */
class LazyClient extends Writable {
  readonly lines: string[] = []
  #release: (() => void) | undefined

  constructor() {
    super({ highWaterMark: 1, decodeStrings: false })
  }

  override _write(line: string, _encoding: string, done: () => void): void {
    this.lines.push(line)
    this.#release = done
  }

  /** Takes all that is written, then what is written next, and so on. */
  async read(): Promise<void> {
    while (this.#release) {
      const release = this.#release
      this.#release = undefined
      release()
      await new Promise(setImmediate)
    }
  }
}

function setUp(output: Writable = new LazyClient()) {
  const gone: true[] = []
  const outbox = new Outbox(output, { ...FRONT_LIMITS, queuedMessages: 3 }, () => gone.push(true))
  return { outbox, gone }
}

/** A message that counts how often it is written as text. */
function countedMessage(id: number) {
  const message = { id, written: 0, result: { toJSON } }
  function toJSON() {
    message.written++
    return {}
  }
  return message
}

describe('Outbox', () => {
  it('writes messages in their order', async () => {
    const client = new LazyClient()
    const { outbox } = setUp(client)
    for (const id of [1, 2, 3]) outbox.send({ id, result: {} })
    await client.read()
    expect(client.lines.map((line) => JSON.parse(line).id)).toEqual([1, 2, 3])
  })

  it('writes a message as text once, and only when the output takes it', async () => {
    const client = new LazyClient()
    const { outbox } = setUp(client)
    const messages = [1, 2, 3].map(countedMessage)
    for (const message of messages) outbox.send(message)
    expect(messages.map(({ written }) => written)).toEqual([1, 0, 0])
    await client.read()
    expect(messages.map(({ written }) => written)).toEqual([1, 1, 1])
  })

  it('drops what is only offered while the output takes nothing', async () => {
    const client = new LazyClient()
    const { outbox } = setUp(client)
    outbox.send({ id: 1, result: {} })
    outbox.offer({ method: 'notifications/progress', params: {} })
    await client.read()
    expect(client.lines).toHaveLength(1)
    outbox.offer({ method: 'notifications/progress', params: {} })
    expect(client.lines).toHaveLength(2)
  })

  it('is full while too many messages wait', async () => {
    const client = new LazyClient()
    const { outbox } = setUp(client)
    for (const id of [1, 2, 3]) outbox.send({ id, result: {} })
    expect(outbox.isFull).toBe(false)
    outbox.send({ id: 4, result: {} })
    expect(outbox.isFull).toBe(true)
    await client.read()
    expect(outbox.isFull).toBe(false)
  })

  it('is flushed when the output has taken everything', async () => {
    const client = new LazyClient()
    const { outbox } = setUp(client)
    await outbox.flushed()
    for (const id of [1, 2]) outbox.send({ id, result: {} })
    let isFlushed = false
    const flushed = outbox.flushed().then(() => {
      isFlushed = true
    })
    await new Promise(setImmediate)
    expect(isFlushed).toBe(false)
    await client.read()
    await flushed
    expect(client.lines).toHaveLength(2)
  })

  it('tells once that the client is gone, drops what waits, and takes nothing more', async () => {
    const client = new LazyClient()
    const { outbox, gone } = setUp(client)
    for (const id of [1, 2, 3]) outbox.send({ id, result: {} })
    const flushed = outbox.flushed()
    client.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    await flushed
    outbox.send({ id: 4, result: {} })
    await new Promise(setImmediate)
    expect(gone).toEqual([true])
    expect(client.lines).toHaveLength(1)
  })

  it('tells that the client is gone when the output was closed without an error', async () => {
    const output = new PassThrough()
    const { gone } = setUp(output)
    output.destroy()
    await new Promise(setImmediate)
    expect(gone).toEqual([true])
  })
})
