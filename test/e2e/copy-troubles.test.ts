import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drawCopyCase, type Trouble } from '../faults/copies/copy-case.ts'
import { CopyStage } from '../faults/copies/copy-stage.ts'
import { runCopyCase } from '../faults/copies/run-copy-case.ts'
import { describeCopyOutcome } from '../faults/copies/run-copy-cases.ts'
import { describeTree } from '../support/tree.ts'

const TIMEOUT_MS = 120_000
const WORDS = 'words that nobody else writes '
const MIB = 1024 * 1024
/** What no other test does to processes. */
const KINDS = ['disk full', 'forbidden', 'place taken'] as const satisfies Trouble['kind'][]

let stage: CopyStage

beforeAll(async () => {
  stage = await CopyStage.start(`${process.cwd()}/dist/bin.js`)
}, TIMEOUT_MS)

afterAll(() => stage[Symbol.asyncDispose]())

// Without /proc and prlimit they cannot be played. All of them: npm run test:faults -- --copies
describe.skipIf(process.platform !== 'linux')('copy_path between processes in the middle of which', () => {
  it.each(KINDS)(
    'there is this: %s; leaves nothing half, and goes on when it is mended',
    async (kind) => {
      const outcome = await runCopyCase(drawCopyCase(firstSeedOf(kind)), stage)
      expect(outcome.violations, describeCopyOutcome(outcome)).toEqual([])
    },
    TIMEOUT_MS,
  )
})

describe('copy_path of two servers that make the same copy at once', () => {
  it.each([
    ['a file over HTTP', 'http', false, false],
    ['a file over the bridges', 'ws', false, true],
    ['a directory over HTTP', 'http', true, false],
    ['a directory over the bridges', 'ws', true, false],
    ['a directory into one that is there', 'ws', true, true],
  ])(
    'leaves the whole of %s, and nothing else',
    async (name, transport, isTree, isThere) => {
      await using other = await stage.startServer()
      const [from, to] = [stage.room('a', name), stage.room('b', name)]
      if (isTree) mkdirSync(join(from, 'copy'))
      for (const part of isTree ? ['/x', '/y', '/z'] : [''])
        writeFileSync(join(from, `copy${part}`), randomBytes(2 * MIB))
      if (isThere && isTree) mkdirSync(join(to, 'copy'))
      if (isThere) writeFileSync(join(to, isTree ? 'copy/x' : 'copy'), 'old')
      const args = {
        ...{ source_environment_id: 'a', source_path: `${from}/copy`, recursive: isTree },
        ...{ destination_environment_id: 'b', destination_path: `${to}/`, transport },
      }
      await stage.comeBack(other)
      const answers = await Promise.all(
        [stage.server, other].map((server) => server.call('copy_path', args).answer),
      )
      expect(answers.map(({ isError, texts }) => (isError ? texts.join() : 'copied'))).toEqual([
        'copied',
        'copied',
      ])
      expect(describeTree(to)).toEqual(describeTree(from))
      expect(readdirSync(to)).toEqual(['copy'])
    },
    TIMEOUT_MS,
  )
})

describe('the log of a server that copies', () => {
  it.each(['http', 'ws'])('has nothing of the data, over %s', async (transport) => {
    const [from, to] = [stage.room('a', `logged ${transport}`), stage.room('b', `logged ${transport}`)]
    mkdirSync(join(from, 'copy'))
    writeFileSync(join(from, 'copy/x'), WORDS.repeat(100_000))
    const ends = { source_environment_id: 'a', destination_environment_id: 'b', transport }
    const args = { source_path: join(from, 'copy'), destination_path: `${to}/`, recursive: true }
    await using server = await stage.startServer(['--log-level=debug'])
    await stage.comeBack(server)
    expect(await server.call('copy_path', { ...ends, ...args }).answer).toMatchObject({ isError: false })
    expect(server.log.length).toBeGreaterThan(0)
    // As base64 they are in one of three shapes, whatever stands before.
    const inBase64 = ['', 'x', 'xx'].map((before) =>
      Buffer.from(before + WORDS)
        .toString('base64')
        .slice(4, -4),
    )
    const shapes = [WORDS, ...inBase64]
    expect(server.log.filter((line) => shapes.some((shape) => line.includes(shape)))).toEqual([])
  })
})

function firstSeedOf(kind: Trouble['kind']): number {
  for (let seed = 1; ; seed++) if (drawCopyCase(seed).trouble.kind === kind) return seed
}
