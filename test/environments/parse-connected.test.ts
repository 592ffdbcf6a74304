import { describe, expect, it } from 'vitest'
import { parseConnected } from '../../src/environments/parse-connected.ts'

const names = (value: unknown) => parseConnected(value).environments.map(({ name }) => name)

describe('parseConnected', () => {
  it.each([
    [{ exe_id: 'exe_2' }, 'it has no name'],
    [{ exe_id: 'exe_2', name: '' }, 'it has no name'],
    [{ exe_id: 'exe_2', name: 7 }, 'it has no name'],
    [{ name: 'gpu' }, 'it has no exe_id'],
    [{ name: 'gpu', exe_id: '..' }, 'its exe_id is ".."'],
    [{ exe_id: 'exe_2', name: 'g\u001b[31mpu' }, 'its name has control characters'],
    [{ exe_id: 'exe_2', name: 'g\npu' }, 'its name has control characters'],
    [{ exe_id: 'exe_2', name: 'x'.repeat(257) }, 'its name is longer than 256 characters'],
    [null, 'it is not an object'],
    ['gpu', 'it is not an object'],
    [{ exe_id: 'exe_2', name: 'box' }, 'an earlier one has its name "box"'],
  ])('leaves out %j and says why', (entry, why) => {
    const list = parseConnected([{ exe_id: 'exe_1', name: 'box' }, entry, { exe_id: 'exe_3', name: 'last' }])
    expect(list.environments.map(({ name }) => name)).toEqual(['box', 'last'])
    expect(list.environments[0]?.target).toEqual({ kind: 'gateway', exeId: 'exe_1' })
    expect(list.notes).toEqual([`Entry 2 of the gateway was left out: ${why}`])
  })

  it('takes names of any script, with spaces and signs', () => {
    const odd = ['hpc 1', 'größe/ß', '机器', '__proto__', 'a"b']
    expect(names(odd.map((name, index) => ({ exe_id: `exe_${index}`, name })))).toEqual(odd)
  })

  it('cuts a long description', () => {
    const { environments } = parseConnected([{ exe_id: 'e', name: 'box', description: 'x'.repeat(5000) }])
    expect(environments[0]?.description).toHaveLength(1000)
  })

  it('says no more than ten times what is wrong', () => {
    const { notes } = parseConnected(Array.from({ length: 500 }, () => ({})))
    expect(notes).toHaveLength(11)
    expect(notes?.at(-1)).toBe('490 more entries of the gateway were left out')
  })

  it('takes an empty list', () => {
    expect(parseConnected([])).toEqual({ environments: [], notes: [] })
  })
})
