import { randomUUID } from 'node:crypto'
import { Base64, bytesFromBase64, writeBase64 } from './base64.ts'
import type { Frame } from './transport.ts'

/** From this size on a message is written and read around its bulk: a block of a file as JSON costs four times as much. */
const LARGE_BYTES = 16 * 1024
/** Where it may lie, in `params` or `result`. */
const FIELDS = ['chunk', 'dataBase64']

type Fields = Readonly<Record<string, unknown>>

/** Writes a message whose `fields` (those of its `place`) hold bulk; undefined for one that does not. */
export function encodeBulk(
  { place, fields }: { place: 'params' | 'result'; fields: Fields },
  envelope: object,
): Frame | undefined {
  const name = FIELDS.find((field) => fields[field] instanceof Base64)
  const bulk = name === undefined ? undefined : fields[name]
  if (name === undefined || !(bulk instanceof Base64) || bulk.bytes.byteLength < LARGE_BYTES) return undefined
  const { [name]: _, ...others } = fields
  const begun = JSON.stringify({ ...envelope, [place]: others }).slice(0, -2)
  const head = Buffer.from(`${begun}${begun.endsWith('{') ? '' : ','}"${name}":"`)
  const size = head.byteLength + Math.ceil(bulk.bytes.byteLength / 3) * 4
  const frame = Buffer.allocUnsafe(size + TAIL.length)
  frame.set(head)
  frame.write(TAIL, writeBase64(bulk.bytes, frame, head.byteLength), 'latin1')
  return frame
}

const TAIL = '"}}'

/** Reads the JSON of a message that is mostly one bulk field, which becomes a `Base64`; undefined for another, or what is not JSON. */
export function parseBulk(frame: Frame): unknown {
  if (frame.byteLength < LARGE_BYTES) return undefined
  const text = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  const run = longRun(text)
  const name = run && FIELDS.find((field) => text.toString('latin1', 0, run.from).endsWith(`"${field}":"`))
  const bytes = name && bytesFromBase64(text.subarray(run.from, run.to))
  if (!bytes) return undefined
  const around = [text.toString('utf8', 0, run.from), text.toString('utf8', run.to)]
  const value: unknown = JSON.parse(around.join(PLACEHOLDER))
  const holder = isRecord(value) ? (value.params ?? value.result) : undefined
  if (!isRecord(value) || !isRecord(holder) || holder[name] !== PLACEHOLDER) return undefined
  const place = holder === value.params ? 'params' : 'result'
  return { ...value, [place]: { ...holder, [name]: new Base64(bytes) } }
}

/** Nobody can have written it elsewhere in the message. */
const PLACEHOLDER = randomUUID()

/** What makes more than half of a text and has no quote in it. */
function longRun(text: Buffer): { from: number; to: number } | undefined {
  for (let from = text.indexOf(QUOTE) + 1; from > 0 && from < text.length / 2; ) {
    const to = text.indexOf(QUOTE, from)
    if (to - from > text.length / 2) return { from, to }
    if (to < 0) return undefined
    from = to + 1
  }
  return undefined
}

const QUOTE = '"'.charCodeAt(0)

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
