import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Growth } from '../../../src/tools/copy/growth.ts'
import { CopyProgress } from '../../../src/tools/copy/progress.ts'
import { machine } from '../../support/two-machines.ts'

const directory = mkdtempSync(join(tmpdir(), 'growth-'))
afterAll(() => rmSync(directory, { recursive: true }))

it('tells how far a file has grown, from where it was, and its end', async () => {
  const told: number[] = []
  let now = 0
  const progress = new CopyProgress(
    (done) => told.push(done),
    () => (now += 1000),
  )
  await using executor = machine('/')
  const path = join(directory, 'f')
  const target = { environment: 'a', executor, path, existing: undefined }
  using growth = new Growth({ target, signal: new AbortController().signal, progress }, path, 2)
  appendFileSync(path, 'five.')
  await expect.poll(() => told, { timeout: 10_000 }).toEqual([3])
  appendFileSync(path, '....')
  growth.end(9)
  expect(told).toEqual([3, 7])
})
