import { type ParseResult, parse } from '../../patch/parse.ts'
import { parseLoosely } from '../../patch/parse-loosely.ts'
import { BridgeError } from '../../util/errors.ts'

/** What a text was read as, and in words what of it codex would not have read so. */
export interface Reading {
  readonly result: ParseResult
  readonly notes: readonly string[]
}

/** Reads a patch: as codex does; if that fails, as a unified diff when it looks like one, or loosely when it can mean one thing only. */
export async function readPatch(text: string): Promise<Reading> {
  const result = parse(text)
  if (result.ok) return { result, notes: [] }
  return (await readUnified(text)) ?? readLoosely(text) ?? { result, notes: [] }
}

async function readUnified(text: string): Promise<Reading | undefined> {
  const { isUnifiedDiff, parseUnified } = await import('../../patch/unified.ts')
  if (!isUnifiedDiff(text)) return undefined
  try {
    return { result: { ok: true, patch: parseUnified(text) }, notes: ['a unified diff read as a patch'] }
  } catch (reason) {
    return { result: { ok: false, problem: BridgeError.from(reason).message, line: undefined }, notes: [] }
  }
}

function readLoosely(text: string): Reading | undefined {
  const reading = parseLoosely(text)
  return reading && { result: { ok: true, patch: reading.patch }, notes: reading.notes }
}
