import type { OpenFile } from '../protocol/executor.ts'
import type { CallOptions } from '../util/signals.ts'

/** What one read may ask for: what a block of the protocol holds. */
const BLOCK_BYTES = 1024 * 1024
/** How far a line is looked for, in bytes: some seconds over a network. */
export const MAX_SCAN_BYTES = 256 * 1024 * 1024

/** A part of a file. `eof`: nothing follows it. */
export interface Window {
  readonly offset: number
  readonly bytes: Buffer
  readonly eof: boolean
}

/** Reads up to `length` bytes from `offset`, block by block; fewer only at the end of the file. */
export async function readWindow(
  file: OpenFile,
  offset: number,
  length: number,
  options: CallOptions,
): Promise<Window> {
  const parts: Uint8Array[] = []
  let size = 0
  let eof = false
  while (!eof && size < length) {
    const block = await file.read(offset + size, Math.min(BLOCK_BYTES, length - size), options)
    parts.push(block.bytes)
    size += block.bytes.length
    eof = block.eof || block.bytes.length === 0
  }
  return { offset, bytes: Buffer.concat(parts), eof }
}

/** Where a line begins; or how the search ended without it. */
export type LinePlace =
  | { readonly kind: 'found'; readonly offset: number }
  | { readonly kind: 'beyond'; readonly lines: number }
  | { readonly kind: 'far' }

/**
 * Finds the beginning of a line (from 1), reading from the start of the file, at most `MAX_SCAN_BYTES` of it. The line
 * after a last line end is found too, and is empty.
 */
export async function findLine(file: OpenFile, line: number, options: CallOptions): Promise<LinePlace> {
  let lineEnds = 0
  let offset = 0
  let isInLine = false
  while (lineEnds < line - 1) {
    if (offset >= MAX_SCAN_BYTES) return { kind: 'far' }
    const { bytes, eof } = await file.read(offset, BLOCK_BYTES, options)
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1))
      if (++lineEnds === line - 1) return { kind: 'found', offset: offset + at + 1 }
    if (bytes.length > 0) isInLine = bytes.at(-1) !== LF
    offset += bytes.length
    if (eof || bytes.length === 0) return { kind: 'beyond', lines: lineEnds + (isInLine ? 1 : 0) }
  }
  return { kind: 'found', offset }
}

const LF = 10
