import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { logStream } from '../../src/util/log-stream.ts'
import { ManualClock } from '../support/manual-clock.ts'

const LINE = `${'x'.repeat(1023)}\n`

/** A stream that takes nothing before it is told to. */
class Unread extends Writable {
  text = ''
  #next: (() => void) | undefined
  #isRead = false

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk
    if (this.#isRead) done()
    else this.#next = done
  }

  read(): void {
    this.#isRead = true
    this.#next?.()
  }
}

describe('logStream', () => {
  it('drops lines while 1 MiB waits, and says how many', async () => {
    const output = new Unread()
    const log = logStream(output)
    for (let line = 0; line < 5000; line++) log.write(LINE)
    expect(output.writableLength).toBe(1024 * 1024)
    output.read()
    await log.flushed()
    log.write('after\n')
    await log.flushed()
    expect(output.text).toBe(
      `${LINE.repeat(1024)}{"level":40,"lines":3976,"msg":"log lines dropped"}\nafter\n`,
    )
  })

  it('is flushed after 200 ms at the latest', async () => {
    const clock = new ManualClock()
    const log = logStream(new Unread(), clock)
    log.write(LINE)
    let isFlushed = false
    const flushed = log.flushed().then(() => {
      isFlushed = true
    })
    await clock.advance(199)
    expect(isFlushed).toBe(false)
    await clock.advance(1)
    await flushed
  })

  it('bears a stream that breaks', async () => {
    const output = new Unread()
    const log = logStream(output)
    output.destroy(new Error('write EPIPE'))
    log.write(LINE)
    await log.flushed()
    log.write(LINE)
  })
})
