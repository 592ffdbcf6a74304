import { openEnvelope } from './envelope.ts'
import { Leniency } from './leniency.ts'
import { openLoosely } from './loose-envelope.ts'
import { parseLines } from './parse.ts'
import type { Patch } from './patch.ts'

/** A patch, and in words what had to be let pass to read it as one. */
export interface LooseReading {
  readonly patch: Patch
  readonly notes: readonly string[]
}

/**
 * Reads what is no patch in codex's format, but can be meant in one way only: misspelt markers or none at the end, text and code fences
 * around them, context without a prefix, empty lines in new files, `@@` lines in a row. Undefined when it cannot.
 */
export function parseLoosely(text: string): LooseReading | undefined {
  const leniency = new Leniency()
  const envelope = openEnvelope(text)
  const lines = envelope.ok ? envelope.lines : openLoosely(text, leniency)
  const result = lines && parseLines(lines, leniency)
  return result?.ok ? { patch: result.patch, notes: leniency.notes } : undefined
}
