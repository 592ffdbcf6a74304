import { describe, expect, it } from 'vitest'
import { withoutReserved } from '../../src/environments/reserved.ts'
import { ScriptedSource } from './support.ts'

describe('withoutReserved', () => {
  it('leaves out what a flag defines, and says so', async () => {
    const list = await withoutReserved(new ScriptedSource('box', 'gpu'), new Set(['box'])).list()
    expect(list.environments.map(({ name }) => name)).toEqual(['gpu'])
    expect(list.notes).toEqual([
      'Environment "box" of the gateway was left out: --environment defines that name',
    ])
  })

  it('keeps the notes there are', async () => {
    const source = new ScriptedSource()
    source.answer = () => Promise.resolve({ environments: [], notes: ['Entry 1 was left out'] })
    expect((await withoutReserved(source, new Set()).list()).notes).toEqual(['Entry 1 was left out'])
  })
})
