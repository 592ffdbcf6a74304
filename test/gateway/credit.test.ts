import { describe, expect, it } from 'vitest'
import { Credit } from '../../src/gateway/credit.ts'

function creditOf(bytes: number) {
  const granted: number[] = []
  const credit: Credit = new Credit(bytes, () => void granted.push(credit.totalBytes))
  return { credit, granted }
}

describe('Credit', () => {
  it('is told anew when half of it is used up', () => {
    const { credit, granted } = creditOf(100)
    expect(credit.totalBytes).toBe(100)
    credit.received(49)
    expect(granted).toEqual([])
    credit.received(1)
    credit.received(30)
    credit.received(30)
    expect(granted).toEqual([150, 210])
  })

  it('is not told while somebody holds it, and then at once', () => {
    const { credit, granted } = creditOf(100)
    const [one, two] = [credit.hold(), credit.hold()]
    credit.received(120)
    one[Symbol.dispose]()
    one[Symbol.dispose]()
    expect(granted).toEqual([])
    two[Symbol.dispose]()
    expect(granted).toEqual([220])
  })
})
