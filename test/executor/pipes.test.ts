import { closeSync, writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { type OutputPipe, Pipes } from '../../src/executor/pipes.ts'

const { TMPDIR } = process.env
const taken: OutputPipe[] = []

/** Takes them, and gives them back when the test is over. */
async function take(pipes: Pipes, count: number): Promise<OutputPipe[] | undefined> {
  const got = await pipes.take(count)
  taken.push(...(got ?? []))
  return got
}

afterEach(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = TMPDIR
  for (const { readable, writeFd } of taken.splice(0)) {
    readable.destroy()
    closeSync(writeFd)
  }
})

describe('Pipes', () => {
  it('carry what is written to where it is read, and end', async () => {
    const [pipe] = (await new Pipes().take(1))!
    writeSync(pipe!.writeFd, 'over')
    closeSync(pipe!.writeFd)
    expect(await text(pipe!.readable)).toBe('over')
  })

  it('gives as many as are asked for, each once, also when asked at the same time', async () => {
    const pipes = new Pipes()
    const got = await Promise.all(Array.from({ length: 20 }, () => take(pipes, 2)))
    expect(new Set(got.flat().map((pipe) => pipe!.writeFd)).size).toBe(40)
  })

  it('says that there are none where none can be made', async () => {
    process.env.TMPDIR = '/no/such/directory'
    expect(await take(new Pipes(), 2)).toBeUndefined()
  })

  it('tries again after what need not last', async () => {
    const pipes = new Pipes()
    process.env.TMPDIR = '/proc/self/cmdline' // as a full disk would: no directory can be made in it
    expect(await take(pipes, 2)).toBeUndefined()
    process.env.TMPDIR = '/tmp'
    expect(await take(pipes, 2)).toHaveLength(2)
  })
})
