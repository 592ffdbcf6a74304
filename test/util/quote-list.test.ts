import { describe, expect, it } from 'vitest'
import { quoteList } from '../../src/util/quote-list.ts'

describe('quoteList', () => {
  it('quotes each name', () => {
    expect(quoteList(['box', 'g"pu'])).toBe('"box", "g\\"pu"')
  })

  it('says how many it leaves out', () => {
    expect(quoteList(['a', 'b', 'c', 'd'], 2)).toBe('"a", "b" and 2 more')
  })
})
