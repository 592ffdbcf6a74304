import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupsThatMeet } from '../../src/patch/groups.ts'

const meets = (a: string, b: string) => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)

/** Sections that meet, directly or through others, pair by pair. */
function groupsNaively(names: readonly (readonly string[])[]): number[][] {
  const groups: number[][] = []
  for (const section of names.keys()) {
    const own = groups.filter((group) =>
      group.some((other) => names[other]!.some((a) => names[section]!.some((b) => meets(a, b)))),
    )
    const joined = [...own.flat(), section].sort((a, b) => a - b)
    groups.splice(0, groups.length, ...groups.filter((group) => !own.includes(group)), joined)
  }
  return groups.sort((a, b) => a[0]! - b[0]!)
}

describe('groupsThatMeet', () => {
  it('puts sections together that touch the same name, or a directory of it', () => {
    expect(groupsThatMeet([['/a'], ['/b', '/c'], ['/d/e'], ['/c'], ['/d'], ['/d-f']])).toEqual([
      [0],
      [1, 3],
      [2, 4],
      [5],
    ])
  })

  it('does not tell case and slashes apart, since file systems may not', () => {
    expect(groupsThatMeet([['C:\\X\\a'], ['c:/x/A/'], ['C:\\X']])).toEqual([[0, 1, 2]])
  })

  it('finds what comparing all pairs finds', () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'a-', 'ab'), { minLength: 1, maxLength: 3 })
      .map((parts) => `/${parts.join('/')}`)
    fc.assert(
      fc.property(fc.array(fc.array(name, { maxLength: 2 }), { maxLength: 8 }), (names) => {
        expect(groupsThatMeet(names)).toEqual(groupsNaively(names))
      }),
      { numRuns: 1000 },
    )
  })
})
