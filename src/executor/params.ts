import { Base64 } from '../rpc/base64.ts'
import type { RpcError } from '../rpc/peer.ts'
import { wireError } from './wire-error.ts'
import { parsePathUri } from './wire-path.ts'

/**
 * The params of one request, each checked when it is asked for; what does not fit is told by name (-32602), as a stock
 * exec-server does.
 */
export class Params {
  readonly #raw: Readonly<Record<string, unknown>>

  constructor(raw: unknown) {
    if (!isRecord(raw)) throw wireError('invalidParams', `invalid type: ${kindOf(raw)}, expected an object`)
    this.#raw = raw
  }

  /** It is there, and not null. */
  has(name: string): boolean {
    return this.#raw[name] !== undefined && this.#raw[name] !== null
  }

  string(name: string): string {
    const value = this.#required(name)
    if (typeof value !== 'string') throw mistyped(name, value, 'a string')
    return value
  }

  boolean(name: string): boolean {
    const value = this.#required(name)
    if (typeof value !== 'boolean') throw mistyped(name, value, 'a boolean')
    return value
  }

  /** A whole number, not negative. */
  integer(name: string): number {
    const value = this.#required(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw mistyped(name, value, 'a whole number of at least 0')
    return value
  }

  strings(name: string): string[] {
    const value = this.#required(name)
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw mistyped(name, value, 'a list of strings')
    return value
  }

  /** An object whose values are all strings. */
  texts(name: string): Record<string, string> {
    const value = this.#required(name)
    if (!isRecord(value)) throw mistyped(name, value, 'an object')
    const entries = Object.entries(value).map(([key, text]): [string, string] => {
      if (typeof text !== 'string') throw mistyped(`${name}.${key}`, text, 'a string')
      return [key, text]
    })
    return Object.fromEntries(entries)
  }

  object(name: string): Params {
    return new Params(this.#required(name))
  }

  /** A path, told as a `file:` URI. */
  path(name: string): string {
    return parsePathUri(this.string(name))
  }

  /** Bytes, told in base64; what was large is bytes already. */
  bytes(name: string): Uint8Array {
    const value = this.#required(name)
    if (value instanceof Base64) return value.bytes
    const text = this.string(name)
    const bytes = Buffer.from(text, 'base64')
    const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
    // What is not base64 is passed over by Node: then there are fewer bytes than there should be.
    if (text.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding)
      throw wireError('invalidParams', `\`${name}\` is not base64`)
    return bytes
  }

  #required(name: string): unknown {
    if (this.#raw[name] === undefined) throw wireError('invalidParams', `missing field \`${name}\``)
    return this.#raw[name]
  }
}

function mistyped(name: string, value: unknown, expected: string): RpcError {
  return wireError('invalidParams', `invalid type in \`${name}\`: ${kindOf(value)}, expected ${expected}`)
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
