import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import { type CallOptions, waitFor } from '../../../src/util/signals.ts'
import { describeTree } from '../../support/tree.ts'
import { OLD, TwoMachines, withShellLines } from '../../support/two-machines.ts'
import type { ExecutorChanges } from '../../support/wrapped-executor.ts'

const MIB = 1024 * 1024
const file = { source_path: 'f', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }
/** A disk on which a file may grow to 1 MB, and no further; the writer is told, not killed. */
const SMALL_DISK = withShellLines('trap "" XFSZ; ulimit -f 1000')

/** What computes the sha256 of a file where the executor does not. */
const HASH = '$sum < "$1"'
const NO_HASH: ExecutorChanges = { features: { hash: false } }

/** Both machines with a file and a directory of 3.5 MB, and the things they would become there already. */
function machines(changes: { a?: ExecutorChanges; b?: ExecutorChanges } = {}): TwoMachines {
  const at = new TwoMachines(changes)
  mkdirSync(at.path('a/d'))
  mkdirSync(at.path('b/e/d'), { recursive: true })
  for (const name of ['a/f', 'a/d/large']) writeFileSync(at.path(name), Buffer.alloc(3_500_000, name))
  for (const name of ['a/d/plain', 'b/e/d/plain', 'b/g']) writeFileSync(at.path(name), 'old')
  return at
}

/** The copy fails so, the destination is as it was but for a partial copy, and no process is left at either end. */
async function expectFailure(at: TwoMachines, copy: () => Promise<unknown>, error: object): Promise<void> {
  const before = describeTree(at.path('b'))
  await expect(copy()).rejects.toMatchObject(error)
  expect(describeTree(at.path('b')).filter((line) => !line.includes('.partial'))).toEqual(before)
  expect([at.a.running, at.b.running]).toEqual([0, 0])
}

describe('copy_path when the source changes while it is read', () => {
  it.each([
    ['grows', (path: string) => appendFileSync(path, 'x')],
    ['is written anew', (path: string) => writeFileSync(path, Buffer.alloc(3_500_000, 'new'))],
    ['is cut', (path: string) => writeFileSync(path, 'x')],
  ])('does not put a file in place that %s', async (_, change) => {
    let isFirst = true
    await using at = machines({
      a: {
        readBlock: async (bytes, path) => {
          if (isFirst) change(path)
          isFirst = false
          return bytes
        },
      },
    })
    utimesSync(at.path('a/f'), 1_700_000_000, 1_700_000_000)
    const message = expect.stringMatching(
      /the source changed while it was read: copy it when nothing writes to it$/,
    )
    await expectFailure(at, () => at.copy(file), { code: 'conflict', message })
  })

  it('says that a directory is gone', async () => {
    const away = beforeScript('classify=', () => renameSync(at.path('a/d'), at.path('a/away')))
    await using at: TwoMachines = machines({ a: away })
    await expectFailure(at, () => at.copy(tree), { code: 'not_found' })
  })

  it('does not put a directory in place in which a file changed', async () => {
    await using at = machines({
      a: beforeScript('tar -cf', () => writeFileSync(at.path('a/d/plain'), 'changed')),
    })
    const message = expect.stringContaining('the source changed while it was read')
    await expectFailure(at, () => at.copy(tree), { code: 'conflict', message })
  })
})

describe('copy_path when what arrives is not what was sent', () => {
  it('does not put a file in place', async () => {
    await using at = machines({ b: { ...NO_HASH, ...beforeScript(HASH, () => damage(at.path('b'))) } })
    const message = expect.stringMatching(
      /what arrived is not what was sent \(sha256 \w{64}, not \w{64}\): copy it again$/,
    )
    await expectFailure(at, () => at.copy(file), { code: 'unavailable', message })
  })

  it('does not put a directory in place', async () => {
    await using at = machines({ b: beforeScript('classify=', () => damage(at.path('b/e'), '/plain')) })
    const message = expect.stringContaining('what arrived is not what was sent (the sha256 differ)')
    await expectFailure(at, () => at.copy(tree), { code: 'unavailable', message })
  })

  it('finds it out by reading back where a machine cannot compute sha256', async () => {
    const none = withShellLines('command() { return 1; }')
    const hurt = beforeScript(HASH, () => damage(at.path('b')))
    await using at = machines({
      b: { ...NO_HASH, start: (request) => none.start!(hurt.start!(request) as never) },
    })
    await expectFailure(at, () => at.copy(file), { code: 'unavailable' })
  })
})

describe('copy_path when a machine fails', () => {
  it('says that the disk is full, of a file written in blocks', async () => {
    const full = () => Promise.reject(new BridgeError('conflict', 'No space left on device'))
    await using at = machines({ b: { writeBlock: full } })
    await expectFailure(at, () => at.copy(file), {
      code: 'conflict',
      message: expect.stringMatching(/: No space left on device$/),
    })
  })

  it.each([
    ['a file written by a process', file],
    ['a directory', tree],
  ])('says that the disk is full, of %s', async (_, args) => {
    await using at = machines({ b: { ...OLD, ...SMALL_DISK } })
    const message = expect.stringMatching(
      /: cannot write there: (cat: .*File too large|tar: .*Wrote only).*; what has arrived is kept in ".*\.partial"/s,
    )
    await expectFailure(at, () => at.copy(args), { code: 'conflict', message })
  })

  it('says what of a directory cannot be read', async () => {
    const tar = 'tar() { echo "tar: ./secret: Cannot open: Permission denied" >&2; return 2; }'
    await using at = machines({ a: withShellLines(tar) })
    const message = expect.stringMatching(
      /: cannot read the source: tar: \.\/secret: Cannot open: Permission denied$/,
    )
    await expectFailure(at, () => at.copy(tree), { code: 'denied', message })
  })

  it('says what may be left where a machine goes away in the middle', async () => {
    let isGone = false
    const gone = () => {
      if (isGone) throw new BridgeError('unavailable', 'Connection lost')
    }
    await using at = machines({
      b: {
        start: (request) => {
          gone()
          return request
        },
        writeBlock: async (bytes) => {
          isGone = bytes.byteLength > 0
          gone()
        },
      },
    })
    const message = expect.stringMatching(
      /: Connection lost; ".*\/g\.env-mcp-[\w-]+\.partial" is left behind there, from which the same call goes on$/,
    )
    await expect(at.copy(file)).rejects.toMatchObject({ code: 'unavailable', message })
    expect(readFileSync(at.path('b/g'), 'utf8')).toBe('old')
  })
})

// To root nothing is forbidden.
describe.skipIf(process.getuid?.() === 0)('copy_path of what is not allowed', () => {
  it.each([
    ['a file', file, 'f', /Permission denied|permission denied/],
    [
      'a directory with such a file',
      tree,
      'd/plain',
      /cannot (read the source|check ".*"|list ".*").*Permission denied/i,
    ],
  ])('says that it may not read %s', async (_, args, name, message) => {
    await using at = machines()
    chmodSync(at.path(`a/${name}`), 0)
    await expectFailure(at, () => at.copy(args), { code: 'denied', message: expect.stringMatching(message) })
  })

  it.each([
    ['a file', file],
    ['a directory', tree],
    ['a new parent', { ...file, destination_path: 'closed/new/g' }],
  ])('says that it may not write %s', async (_, args) => {
    await using at = machines()
    mkdirSync(at.path('b/closed'))
    for (const name of ['b/closed', 'b/e', 'b']) chmodSync(at.path(name), 0o500)
    const message = expect.stringMatching(/permission denied/i)
    await expectFailure(at, () => at.copy(args), { code: 'denied', message })
    for (const name of ['b', 'b/e', 'b/closed']) chmodSync(at.path(name), 0o700)
  })
})

describe.each([
  ['a file between new executors', file, {}],
  ['a file between old executors', file, OLD],
  ['a directory', tree, {}],
])('copy_path of %s', (_, args, executor) => {
  it('leaves the destination as it was, and what has arrived, when it is cancelled in the middle', async () => {
    const cancel = new AbortController()
    let sent = 0
    const hold = async (bytes: Uint8Array, options: CallOptions | undefined) => {
      sent += bytes.byteLength
      if (sent < 2 * MIB) return
      expect(partials(at)).toHaveLength(1)
      cancel.abort()
      await waitFor(new Promise(() => {}), options?.signal)
    }
    await using at = machines({ a: executor, b: { ...executor, write: hold, writeBlock: hold } })
    await expectFailure(at, () => at.copy(args, { signal: cancel.signal }), { code: 'canceled' })
  })
})

describe('copy_path of a large file', () => {
  it('holds at most 2 MiB of it at a time, in small blocks', async () => {
    let bytes = 0
    let most = 0
    const sizes = new Set<number>()
    await using at = new TwoMachines({
      a: {
        readBlock: async (block) => {
          sizes.add(block.byteLength)
          bytes += block.byteLength
          most = Math.max(most, bytes)
          return block
        },
      },
      b: {
        wroteBlock: (block) => {
          bytes -= block.byteLength
        },
      },
    })
    writeFileSync(at.path('a/f'), Buffer.alloc(16 * MIB, 'x'))
    await at.copy(file)
    expect(readFileSync(at.path('b/g')).equals(readFileSync(at.path('a/f')))).toBe(true)
    expect([...sizes]).toEqual([256 * 1024])
    expect(most).toBeGreaterThan(256 * 1024)
    expect(most).toBeLessThanOrEqual(2 * MIB + 256 * 1024)
  })

  it('tells how far it is', async () => {
    const told: unknown[] = []
    await using at = machines()
    await at.copy(file, { progress: (done, total, message) => told.push([done, total, message]) })
    expect(told[0]).toEqual([
      256 * 1024,
      3_500_000,
      expect.stringMatching(/^0\.3 of 3\.5 MB, [\d.]+ MB\/s, about \d+ s left$/),
    ])
  })
})

function partials(at: TwoMachines): string[] {
  return [...readdirSync(at.path('b')), ...readdirSync(at.path('b/e'))].filter((name) =>
    name.endsWith('.partial'),
  )
}

/** Damages the partial file, or a file in the partial directory, that lies in a directory. */
function damage(directory: string, inside = ''): void {
  const partial = readdirSync(directory).find((name) => name.endsWith('.partial'))
  appendFileSync(`${directory}/${partial}${inside}`, 'x')
}

/** Does something before the first script starts in which a text stands. */
function beforeScript(text: string, act: () => void): ExecutorChanges {
  let isDone = false
  return {
    start: (request) => {
      if (!isDone && request.argv.some((arg) => arg.includes(text))) {
        isDone = true
        act()
      }
      return request
    },
  }
}
