import { existsSync } from 'node:fs'
import { open, readdir, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Spool, type SpoolOptions } from '../../src/executor/spool.ts'
import type { SpoolFile } from '../../src/executor/spool-file.ts'
import { SpoolSegment } from '../../src/executor/spool-segment.ts'
import type { OutputChunk } from '../../src/protocol/executor.ts'
import { tempDirectory } from '../support/temp-directory.ts'

const KB = 1024

let directory: Awaited<ReturnType<typeof tempDirectory>>
let place: string
const files: SpoolFile[] = []

beforeEach(async () => {
  directory = await tempDirectory()
  place = join(directory.path, 'deep', 'spool')
})
afterEach(async () => {
  for (const file of files.splice(0)) file.close()
  await directory[Symbol.asyncDispose]()
})

function spoolOf(options: Partial<SpoolOptions> = {}): Spool {
  return new Spool({ directory: place, ...options })
}

function fileOf(spool: Spool, onPressure: (isHigh: boolean) => void = () => {}): SpoolFile {
  const file = spool.file(onPressure)
  files.push(file)
  return file
}

/** Chunks of 64 KB, each filled with the last byte of its number. */
function append(file: SpoolFile, from: number, to: number, bytes = 64 * KB): void {
  for (let seq = from; seq <= to; seq++)
    file.append({ seq, stream: seq % 2 ? 'stdout' : 'stderr', bytes: Buffer.alloc(bytes, seq) })
}

async function readAll(file: SpoolFile, afterSeq = 0): Promise<OutputChunk[]> {
  const all: OutputChunk[] = []
  for (;;) {
    const chunks = await file.read(all.at(-1)?.seq ?? afterSeq)
    if (chunks.length === 0) return all
    all.push(...chunks)
  }
}

/** Tells when the last segment was made. */
class WatchedSpool extends Spool {
  made: Promise<SpoolSegment> | undefined

  override segment(file: SpoolFile): Promise<SpoolSegment> {
    this.made = super.segment(file)
    return this.made
  }
}

/** On a disk that is full. */
class FullSpool extends WatchedSpool {
  override segment(): Promise<SpoolSegment> {
    this.made = open('/dev/full', 'r+').then((handle) => new SpoolSegment(handle, KB))
    return this.made
  }
}

/** What of a directory this process has open: those without a name too. */
async function openBelow(path: string): Promise<string[]> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''))
  return (await Promise.all(links)).filter((target) => target.startsWith(path))
}

const seqs = (chunks: readonly OutputChunk[]) => chunks.map(({ seq }) => seq)
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)

describe('a file of the spool', () => {
  it('gives back what was put into it, from any number on, as it was', async () => {
    const file = fileOf(spoolOf())
    append(file, 1, 40)
    expect(seqs(await readAll(file))).toEqual(range(1, 40))
    await expect.poll(() => file.bytes).toBeGreaterThan(40 * 64 * KB - 256 * KB)
    const chunks = await readAll(file, 17)
    expect(seqs(chunks)).toEqual(range(18, 40))
    expect(chunks[0]!.stream).toBe('stderr')
    expect(Buffer.from(chunks[0]!.bytes).equals(Buffer.alloc(64 * KB, 18))).toBe(true)
    expect(file.droppedBytes).toBe(0)
  })

  it('stays in memory as long as it is small', async () => {
    const file = fileOf(spoolOf())
    append(file, 1, 3)
    expect(seqs(await readAll(file))).toEqual([1, 2, 3])
    expect(existsSync(place)).toBe(false)
  })

  it('is for its owner alone, and has no name', async () => {
    const file = fileOf(spoolOf())
    append(file, 1, 40)
    await expect.poll(() => file.bytes).toBeGreaterThan(0)
    expect((await stat(place)).mode & 0o777).toBe(0o700)
    expect(await readdir(place)).toEqual([])
  })

  it('keeps the newest of one process, in whole segments, and counts the rest', async () => {
    const spool = spoolOf({ maxFileBytes: 1100 * KB, segmentBytes: 512 * KB })
    const file = fileOf(spool)
    append(file, 1, 64)
    await expect.poll(() => file.droppedBytes).toBe(48 * 64 * KB)
    const chunks = await readAll(file)
    expect(seqs(chunks)).toEqual(range(49, 64))
    expect(spool.bytes).toBe(file.bytes)
  })

  it('takes the place of the oldest of all when there is too much of all', async () => {
    const spool = spoolOf({ maxBytes: 2100 * KB, segmentBytes: 512 * KB })
    const [old, young] = [fileOf(spool), fileOf(spool)]
    append(old, 1, 24)
    await expect.poll(() => spool.bytes).toBeGreaterThan(1400 * KB)
    append(young, 1, 24)
    await expect.poll(() => young.bytes).toBeGreaterThan(1400 * KB)
    expect(spool.bytes).toBeLessThanOrEqual(2100 * KB)
    expect(seqs(await readAll(young))).toEqual(range(1, 24))
    expect(old.droppedBytes).toBeGreaterThan(0)
    expect((await readAll(old)).at(-1)?.seq).toBe(24)
    old.close()
    young.close()
    expect(spool.bytes).toBe(0)
  })

  it('says when the disk is slower than the process', async () => {
    const told: boolean[] = []
    const file = fileOf(spoolOf(), (isHigh) => told.push(isHigh))
    append(file, 1, 100)
    expect(told).toEqual([true])
    await expect.poll(() => told).toEqual([true, false])
    expect(seqs(await readAll(file))).toEqual(range(1, 100))
  })

  it('goes on, with what is lost counted, when the disk fails, and says so once', async () => {
    const failures: unknown[] = []
    await writeFile(join(directory.path, 'deep'), 'in the way')
    const file = fileOf(spoolOf({ onFailure: (error) => failures.push(error) }))
    append(file, 1, 40)
    await expect.poll(() => file.droppedBytes).toBeGreaterThan(36 * 64 * KB - 1)
    expect(failures).toHaveLength(1)
  })

  it.runIf(process.platform === 'linux')(
    'gives up its place when it is closed in the middle of a write',
    async () => {
      const spool = new WatchedSpool({ directory: place })
      const file = fileOf(spool)
      append(file, 1, 40)
      file.close()
      append(file, 41, 80)
      await spool.made
      await expect.poll(() => openBelow(directory.path)).toEqual([])
      expect([spool.bytes, file.bytes]).toEqual([0, 0])
    },
  )

  it.runIf(process.platform === 'linux')(
    'keeps nothing open when it is closed in a write that fails',
    async () => {
      const spool = new FullSpool({ directory: place })
      const file = fileOf(spool)
      append(file, 1, 40)
      file.close()
      await spool.made
      await expect.poll(() => openBelow('/dev/full')).toEqual([])
    },
  )
})
