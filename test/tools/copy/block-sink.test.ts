import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { BlockSink } from '../../../src/tools/copy/block-sink.ts'
import { deferred } from '../../../src/util/deferred.ts'
import { BridgeError } from '../../../src/util/errors.ts'
import { machine } from '../../support/two-machines.ts'

const directory = mkdtempSync(join(tmpdir(), 'block-sink-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('BlockSink', () => {
  it('takes 4 blocks before the first is written, and the next after', async () => {
    const gate = deferred<void>()
    await using executor = machine('/', { writeBlock: () => gate.promise })
    const path = join(directory, 'gated')
    await using sink = await BlockSink.open(executor, path, { isSparse: false }, {})
    const text = 'abcd'
    for (const character of text) await sink.write(Buffer.from(character), {})
    const next = sink.write(Buffer.from('.'), {}).then(() => 'taken')
    expect(await Promise.race([next, setImmediate('waits')])).toBe('waits')
    gate.resolve()
    await next
    await sink.end({})
    expect(readFileSync(path, 'utf8')).toBe(`${text}.`)
  })

  it('goes on with a process that appends when its file is lost with the connection', async () => {
    let blocks = 0
    const lost = new BridgeError('unavailable', 'the connection was lost')
    // The third block is not written, and nobody knows of the fourth, which is.
    await using executor = machine('/', {
      writeBlock: () => (++blocks === 3 ? Promise.reject(lost) : Promise.resolve()),
    })
    const path = join(directory, 'lost')
    await using sink = await BlockSink.open(executor, path, { isSparse: false }, {})
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) await sink.write(Buffer.from(text), {})
    await sink.end({})
    expect(readFileSync(path, 'utf8')).toBe('abcdefgh')
  })

  it('fails when a block failed, at the latest at the end', async () => {
    await using executor = machine('/', { writeBlock: () => Promise.reject(new Error('disk full')) })
    await using sink = await BlockSink.open(executor, join(directory, 'failed'), { isSparse: false }, {})
    await sink.write(Buffer.from('a'), {})
    await expect(sink.end({})).rejects.toThrow('disk full')
  })
})
