import type { OutputStream } from '../protocol/executor.ts'
import { Base64 } from '../rpc/base64.ts'

/** An object of the wire whose fields are not checked yet. */
export type Fields = Readonly<Record<string, unknown>>

/** What is not as the protocol says; the message names the field. */
export class Mismatch extends Error {}

/** A text field, or `Mismatch`. */
export function string(raw: Fields, key: string): string {
  const value = raw[key]
  if (typeof value === 'string') return value
  throw new Mismatch(`"${key}" is ${brief(value)}`)
}

/** A field that holds bytes: text, unless it was large. Or `Mismatch`. */
export function base64Field(raw: Fields, key: string): Base64 {
  const value = raw[key]
  return value instanceof Base64 ? value : new Base64(Buffer.from(string(raw, key), 'base64'))
}

/** A number field, or `Mismatch`. */
export function number(raw: Fields, key: string): number {
  const value = raw[key]
  if (typeof value === 'number') return value
  throw new Mismatch(`"${key}" is ${brief(value)}`)
}

/** A boolean field, or `Mismatch`. */
export function boolean(raw: Fields, key: string): boolean {
  const value = raw[key]
  if (typeof value === 'boolean') return value
  throw new Mismatch(`"${key}" is ${brief(value)}`)
}

/** A field that is a list of objects, or `Mismatch`. */
export function list(raw: Fields, key: string): Fields[] {
  const value = raw[key]
  if (Array.isArray(value)) return value.map(record)
  throw new Mismatch(`"${key}" is ${brief(value)}`)
}

/** An object, or `Mismatch`. */
export function record(value: unknown): Fields {
  if (isRecord(value)) return value
  throw new Mismatch(brief(value))
}

/** True for an object that is neither null nor a list. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value for a message: what it is, not what is in it. */
export function brief(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'null' : `a ${typeof value}`
}

/** Which stream a chunk is of, or `Mismatch`. */
export function outputStream(raw: Fields): OutputStream {
  const { stream } = raw
  if (stream === 'stdout' || stream === 'stderr' || stream === 'pty') return stream
  throw new Mismatch(`"stream" is ${brief(stream)}`)
}

/** A place in the order of a process's events: 1, 2, 3 …, or `Mismatch`. */
export function sequenceNumber(raw: Fields, key: 'seq' | 'nextSeq'): number {
  const seq = number(raw, key)
  if (Number.isSafeInteger(seq) && seq > 0) return seq
  throw new Mismatch(`"${key}" is ${seq}`)
}
