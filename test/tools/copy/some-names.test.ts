import { describe, expect, it } from 'vitest'
import { SomeNames } from '../../../src/tools/copy/some-names.ts'

describe('some names', () => {
  it('are the first in their order, with the number of all', () => {
    const names = new SomeNames()
    for (let n = 999; n >= 0; n--) names.add(`name-${String(n).padStart(3, '0')}`)
    expect(names.count).toBe(1000)
    expect(names.first).toEqual(Array.from({ length: 10 }, (_, n) => `name-00${n}`))
  })
})
