import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { WRITER } from '../../../src/tools/copy/writer.ts'
import { BridgeError } from '../../../src/util/errors.ts'
import { bytesIn, describeTree } from '../../support/tree.ts'
import { OLD, TwoMachines } from '../../support/two-machines.ts'
import type { ExecutorChanges } from '../../support/wrapped-executor.ts'

const MIB = 1024 * 1024
const WINDOW = MIB
/** Sizes of segments and headers of archives around what is sent. */
const FRAMING = 64 * 1024
const file = { source_path: 'f', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }

/** Bytes that `b` has been sent, and a switch that makes it fail after so many. */
class Line {
  sent = 0
  failsAfter = Number.POSITIVE_INFINITY

  readonly changes: ExecutorChanges = {
    write: (bytes) => this.#pass(bytes),
    writeBlock: (bytes) => this.#pass(bytes),
  }

  async #pass(bytes: Uint8Array): Promise<void> {
    if (this.sent + bytes.byteLength > this.failsAfter) throw new BridgeError('denied', 'the line is cut')
    this.sent += bytes.byteLength
  }

  /** The copy fails after so many bytes; from then on all is well, and counted anew. */
  async cut(afterBytes: number, copy: () => Promise<unknown>): Promise<string> {
    this.failsAfter = afterBytes
    const error = await copy().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'denied' })
    this.failsAfter = Number.POSITIVE_INFINITY
    this.sent = 0
    return String(error)
  }
}

describe.each([
  ['new', {}],
  ['old', OLD],
])('copy_path between %s executors, called again after it was cut', (_, changes) => {
  function machines(): { at: TwoMachines; line: Line } {
    const line = new Line()
    return { at: new TwoMachines({ a: changes, b: { ...changes, ...line.changes } }), line }
  }

  it('goes on with a file where it was, and sends at most one window again', async () => {
    const { at: made, line } = machines()
    await using at = made
    const bytes = randomBytes(9 * MIB + 5)
    writeFileSync(at.path('a/f'), bytes, { mode: 0o750 })
    writeFileSync(at.path('b/g'), 'old')
    const message = await line.cut(6 * MIB, () => at.copy(file))
    const [, kept = ''] =
      /what has arrived is kept in "(.*)", from which the same call goes on$/.exec(message) ?? []
    expect(kept).toMatch(/\/b\/g\.env-mcp-[0-9a-f]{8}-[0-9a-f]{8}\.partial$/)
    expect(statSync(kept).mode & 0o777).toBe(0o600)
    expect(readFileSync(at.path('b/g'), 'utf8')).toBe('old')
    const missing = bytes.length - bytesIn(kept)
    const text = await at.copy(file)
    expect(text).toMatch(/[\d,]+ bytes were there from an earlier try\./)
    expect(text).toContain('(the same at both ends)')
    expect(line.sent).toBeGreaterThanOrEqual(missing)
    expect(line.sent).toBeLessThanOrEqual(missing + WINDOW + FRAMING)
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
    expect(statSync(at.path('b/g')).mode & 0o777).toBe(0o750)
    expect(readdirSync(at.path('b'))).toEqual(['g'])
  })

  it('begins anew when the source is another one, and removes the old partial file', async () => {
    const { at: made, line } = machines()
    await using at = made
    writeFileSync(at.path('a/f'), randomBytes(6 * MIB))
    await line.cut(4 * MIB, () => at.copy(file))
    const changed = randomBytes(6 * MIB)
    writeFileSync(at.path('a/f'), changed)
    utimesSync(at.path('a/f'), 1e9, 1e9)
    expect(await at.copy(file)).not.toContain('earlier try')
    expect(readFileSync(at.path('b/g')).equals(changed)).toBe(true)
    expect(readdirSync(at.path('b'))).toEqual(['g'])
  })

  it('begins anew when the partial file is not the start of the source', async () => {
    const { at: made, line } = machines()
    await using at = made
    const bytes = randomBytes(6 * MIB)
    writeFileSync(at.path('a/f'), bytes)
    await line.cut(5 * MIB, () => at.copy(file))
    const [partial] = readdirSync(at.path('b'))
    writeFileSync(at.path(`b/${partial}`), randomBytes(5 * MIB))
    expect(await at.copy(file)).not.toContain('earlier try')
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
  })

  it('keeps nothing, and goes on from nothing, when told so', async () => {
    const { at: made, line } = machines()
    await using at = made
    writeFileSync(at.path('a/f'), randomBytes(6 * MIB))
    await line.cut(4 * MIB, () => at.copy({ ...file, resume: false }))
    expect(readdirSync(at.path('b'))).toEqual([])
    await line.cut(4 * MIB, () => at.copy(file))
    expect(await at.copy({ ...file, resume: false })).not.toContain('earlier try')
    expect(readdirSync(at.path('b'))).toEqual(['g'])
  })

  it('sends no file of a directory again that is whole', async () => {
    const { at: made, line } = machines()
    await using at = made
    mkdirSync(at.path('a/d/in'), { recursive: true })
    for (const name of ['a', 'b', 'c', 'd', 'in/e', 'in/f'])
      writeFileSync(at.path(`a/d/${name}`), randomBytes(MIB))
    for (const name of ['a', 'in']) utimesSync(at.path(`a/d/${name}`), 1e9, 1e9)
    await line.cut(4.5 * MIB, () => at.copy(tree))
    writeFileSync(at.path('a/d/new'), 'new')
    const [partial] = readdirSync(at.path('b'))
    const missing = bytesIn(at.path('a/d')) - bytesIn(at.path(`b/${partial}`))
    writeFileSync(at.path(`b/${partial}/stale`), 'not of the source')
    const text = await at.copy(tree)
    expect(text).toMatch(/[1-4],\d+,\d+ bytes were there from an earlier try\./)
    expect(line.sent).toBeLessThanOrEqual(missing + WINDOW + FRAMING)
    expect(describeTree(at.path('b/e'))).toEqual(describeTree(at.path('a/d')))
    expect(statSync(at.path('b/e/in')).mtimeMs).toBe(1e12)
    expect(readdirSync(at.path('b'))).toEqual(['e'])
  })
})

describe.each([
  ['new', {}],
  ['old', OLD],
])('copy_path of a directory with a large file between %s executors', (_, changes) => {
  /** A file of 16 MiB and a small one, cut after so many bytes; then `meanwhile`, told of the large one, and the same copy again. */
  async function copyAgain(
    cutAfter: number,
    meanwhile: (source: string, partial: string) => void = () => {},
  ): Promise<void> {
    const line = new Line()
    await using at = new TwoMachines({ a: changes, b: { ...changes, ...line.changes } })
    mkdirSync(at.path('a/d'), { mode: 0o750 })
    writeFileSync(at.path('a/d/large'), randomBytes(16 * MIB), { mode: 0o440 })
    writeFileSync(at.path('a/d/small'), 'small')
    for (const name of ['d/large', 'd']) utimesSync(at.path(`a/${name}`), 1e9, 1e9)
    await line.cut(cutAfter, () => at.copy(tree))
    const [partial] = readdirSync(at.path('b'))
    meanwhile(at.path('a/d/large'), at.path(`b/${partial}/large`))
    const missing = bytesIn(at.path('a/d')) - bytesIn(at.path(`b/${partial}`))
    expect(missing).toBeLessThan(15 * MIB)
    expect(await at.copy(tree)).toContain('bytes were there from an earlier try.')
    expect(line.sent).toBeLessThanOrEqual(missing + WINDOW + FRAMING)
    expect(describeTree(at.path('b/e'))).toEqual(describeTree(at.path('a/d')))
    for (const name of ['e/large', 'e']) expect(statSync(at.path(`b/${name}`)).mtimeMs).toBe(1e12)
  }

  it.each([11 * MIB, 4.3 * MIB])('goes on in the middle of that file, cut after %i bytes', (cutAfter) =>
    copyAgain(cutAfter),
  )

  it('does not send it again when all of it is there, and only its time is not', () =>
    copyAgain(11 * MIB, (source, partial) => {
      rmSync(partial)
      copyFileSync(source, partial)
    }))
})

describe('copy_path while the same copy is under way', () => {
  it('refuses the second', async () => {
    let second: Promise<unknown> | undefined
    await using at = new TwoMachines({
      b: {
        writeBlock: async () => {
          second ??= at.copy(file).catch((error: unknown) => error)
          await second
        },
      },
    })
    writeFileSync(at.path('a/f'), 'x')
    await at.copy(file)
    expect(await second).toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('the same copy is under way already'),
    })
  })
})

describe.each([
  ['a file', file],
  ['a directory', tree],
])('copy_path of %s that another server has begun', (_, copy) => {
  const [machine = '', pid] = WRITER.split('-')

  /** What that server has left at the destination, after a copy there. */
  async function copyAfter(writer: string): Promise<{ text: string; left: string[]; name: string }> {
    const line = new Line()
    await using at = new TwoMachines({ b: line.changes })
    mkdirSync(at.path('a/d'))
    for (const path of ['a/f', 'a/d/1', 'a/d/2']) writeFileSync(at.path(path), randomBytes(3 * MIB))
    await line.cut(copy === file ? 2 * MIB : 4.5 * MIB, () => at.copy(copy))
    const [kept = ''] = readdirSync(at.path('b'))
    const name = kept.replace(/\.partial$/, `-${writer}.partial`)
    renameSync(at.path(`b/${kept}`), at.path(`b/${name}`))
    const text = await at.copy(copy)
    return { text, left: readdirSync(at.path('b')), name }
  }

  it('leaves alone what a server that runs, or one of another machine, may be writing to', async () => {
    for (const writer of [`${machine}-${pid}-ffff`, 'ffffff-1-0000']) {
      const { text, left, name } = await copyAfter(writer)
      expect(text).not.toContain('earlier try')
      expect(left).toContain(name)
      expect(left).toHaveLength(2)
    }
  })

  it('goes on with what a server of this machine has left that runs no more', async () => {
    const { pid: ended } = spawnSync('true')
    const { text, left } = await copyAfter(`${machine}-${ended}-0000`)
    expect(text).toContain('were there from an earlier try')
    expect(left).toHaveLength(1)
  })
})
