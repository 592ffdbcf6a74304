import { describe, expect, it } from 'vitest'
import { Random } from './random.ts'

const draw = (seed: number) => {
  const random = new Random(seed)
  return Array.from({ length: 1000 }, () => random.integer(0, 9))
}

describe('Random', () => {
  it('gives the same for the same seed, and something else for its neighbour', () => {
    expect(draw(1)).toEqual(draw(1))
    const same = draw(1).filter((value, n) => value === draw(2)[n])
    expect(same.length).toBeGreaterThan(50)
    expect(same.length).toBeLessThan(150)
  })

  it('gives each number of a range about as often', () => {
    const counts = new Map<number, number>()
    for (const value of draw(3)) counts.set(value, (counts.get(value) ?? 0) + 1)
    expect([...counts.keys()].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(50)
  })

  it('gives small numbers of a scale more often, and keeps to it', () => {
    const random = new Random(4)
    const values = Array.from({ length: 1000 }, () => random.scale(1, 1000))
    expect(Math.min(...values)).toBe(1)
    expect(Math.max(...values)).toBeLessThanOrEqual(1000)
    expect(Math.max(...values)).toBeGreaterThan(800)
    const small = values.filter((value) => value <= 31).length
    expect(Math.abs(small - 500)).toBeLessThan(60)
  })

  it('chooses as often as the weights say', () => {
    const random = new Random(5)
    const chosen = Array.from({ length: 1000 }, () => random.weighted({ often: 3, seldom: 1, never: 0 }))
    expect(chosen).not.toContain('never')
    expect(Math.abs(chosen.filter((key) => key === 'often').length - 750)).toBeLessThan(60)
  })
})
