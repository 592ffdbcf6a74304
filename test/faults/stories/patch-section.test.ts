import { describe, expect, it } from 'vitest'
import { insertLine, toldOf } from './patch-section.ts'

describe('insertLine', () => {
  it('says what the file becomes', () => {
    const { text, changes } = insertLine('f', 'a\nb\nc\n', { place: 1, added: 'x', to: undefined })
    expect(text).toBe('*** Update File: f\n@@\n b\n+x\n c')
    expect(changes).toEqual([{ path: 'f', before: 'a\nb\nc\n', after: 'a\nb\nx\nc\n' }])
  })

  it('moves a file of one line', () => {
    const { text, changes } = insertLine('f', 'a\n', { place: 7, added: 'x', to: 'g' })
    expect(text).toBe('*** Update File: f\n*** Move to: g\n@@\n a\n+x')
    expect(changes).toEqual([
      { path: 'f', before: 'a\n', after: undefined },
      { path: 'g', before: undefined, after: 'a\nx\n', between: 'a\n' },
    ])
  })
})

describe('toldOf', () => {
  const answer = {
    texts: ['2 of 3 sections applied\nM s/1: ok\nM s/10 → s/2: ok\nA s/3: error: no room'],
    isError: true,
  }

  it.each([
    ['s/1', true, 'M s/1: ok'],
    ['s/10', true, 'M s/10 → s/2: ok'],
    ['s/3', false, 'A s/3: error: no room'],
    ['s/4', false, answer.texts[0]],
  ])('finds the line of %s', (path, isOk, text) => {
    expect(toldOf(answer, path)).toEqual({ isOk, text })
  })
})
