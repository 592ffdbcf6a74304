import { createTwoFilesPatch, structuredPatch } from 'diff'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PatchHunk, UpdateFile } from '../../src/patch/patch.ts'
import { applyHunks, rewrite } from '../../src/patch/rewrite.ts'
import { parseUnified } from '../../src/patch/unified.ts'
import { hunksOf, seekerOf } from '../support/patch-hunks.ts'

/** codex's format, made of a diff of two texts. */
function codexHunks(old: string, next: string): readonly PatchHunk[] {
  const { hunks } = structuredPatch('a', 'a', old, next, '', '', { context: 3 })
  return hunksOf(...hunks.flatMap(({ lines }) => ['@@', ...lines.filter((line) => !line.startsWith('\\'))]))
}

/** Two texts: lines that are all different, some of them removed, replaced or added. */
const edits = fc.array(fc.record({ keeps: fc.boolean(), adds: fc.nat(2) }), { maxLength: 30 })
const textPair = edits.map((list) => {
  const old = list.map((_, at) => `line ${at}\n`)
  const next = list.flatMap(({ keeps, adds }, at) => [
    ...(keeps ? [`line ${at}\n`] : []),
    ...Array.from({ length: adds }, (_, i) => `new ${at}.${i}\n`),
  ])
  return { old: old.join(''), next: next.join('') }
})

describe('applyHunks', () => {
  it('gives the new text', () => {
    expect(applyHunks('a\nb\nc\n', hunksOf('@@', ' a', '-b', '+B'))).toBe('a\nB\nc\n')
  })

  it("throws codex's own words when a hunk has no place", () => {
    expect(() => applyHunks('a\n', hunksOf('@@', '-b', ' c'))).toThrow(
      /^Failed to find expected lines in .*:\nb\nc$/,
    )
    expect(() => applyHunks('a\n', hunksOf('@@ b', '-c'))).toThrow(/^Failed to find context 'b' in /)
  })

  it('turns one text into another with a patch made of their difference', () => {
    fc.assert(
      fc.property(textPair, ({ old, next }) => {
        fc.pre(old !== next)
        expect(applyHunks(old, codexHunks(old, next))).toBe(next)
      }),
      { numRuns: 500 },
    )
  })

  it('leaves the bytes of lines alone that no hunk changes', () => {
    const ends = fc.constantFrom('\n', '\r\n', '\r')
    const old = fc.array(fc.tuple(fc.constantFrom('', 'x', ' x ', 'ü—', '\u0085'), ends), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(old, fc.nat(), (lines, place) => {
        const at = place % lines.length
        const text = (part: typeof lines) => part.map(([content, end], i) => `${content}${i}${end}`).join('')
        const marked = lines.map(
          ([content, end], i) => [i === at ? 'marked' : `${content}${i}`, end] as const,
        )
        const all = (part: typeof marked) => part.map((pair) => pair.join('')).join('')
        const [, firstEnd] = lines[0]!
        fc.pre(text(lines) !== '')
        expect(applyHunks(all(marked), hunksOf('@@', '-marked', '+new'))).toBe(
          `${all(marked.slice(0, at))}new${firstEnd}${all(marked.slice(at + 1))}`,
        )
      }),
      { numRuns: 500 },
    )
  })
})

describe('rewrite', () => {
  it('turns one text into another with a unified diff of them, also where lines repeat or the end has no line end', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', '', 'c'), { maxLength: 25 })
      .chain((lines) =>
        fc.boolean().map((isEnded) => lines.join('\n') + (isEnded && lines.length > 0 ? '\n' : '')),
      )
    fc.assert(
      fc.property(text, text, fc.constantFrom(0, 1, 3), (old, next, context) => {
        fc.pre(old !== '' && next !== '' && old !== next)
        const diff = createTwoFilesPatch('a', 'a', old, next, '', '', { context })
        const [op] = parseUnified(diff).ops
        const result = rewrite(seekerOf(old), op as UpdateFile)
        expect(result.ok && Buffer.from(result.bytes).toString()).toBe(next)
      }),
      { numRuns: 1000 },
    )
  })

  it('tells what it changed, in lines of the old text', () => {
    const result = rewrite(seekerOf('a\nb\nc\n'), {
      hunks: hunksOf('@@', ' a', '-b', '+B', '+b', ' c'),
    })
    expect(result).toMatchObject({ ok: true, edits: [{ line: 1, remove: 1, insert: ['B', 'b'] }] })
  })
})
