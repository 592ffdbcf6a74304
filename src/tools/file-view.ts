import { type ToolContent, type ToolResult, textResult } from '../host/tool-host.ts'
import { count } from './count.ts'
import { decodeBytes, type Segment } from './decode.ts'
import { type ImageType, kindOf } from './file-kind.ts'
import type { Window } from './file-window.ts'
import { fillFront, takeFront, textOf } from './output.ts'
import { countLines } from './retained-log.ts'
import { incompleteCharacter } from './utf8.ts'

/** A file as its results name it. */
export interface ViewedFile {
  /** `/srv/app/x.c`, or `/srv/app/x.c on box`. */
  readonly label: string
  /** Bytes; undefined where nobody tells (files of /proc tell 0). */
  readonly size: number | undefined
  /** The arguments of a call that reads it again. */
  readonly call: Readonly<Record<string, string>>
}

export interface TextRequest {
  readonly maxBytes: number
  /** The window is what was asked for: it is not shortened to whole lines. */
  readonly isExact: boolean
  /** For a window of lines: the number of the first, and how many are wanted. */
  readonly lines?: { readonly first: number; readonly most: number | undefined } | undefined
}

/** A window of text: the text as it is, and beside it where it stands in the file and how to read on. */
export function textView(file: ViewedFile, window: Window, request: TextRequest): ToolResult {
  const { bytes, isEnd } = wantedBytes(window, request.lines?.most)
  const segments = decodeBytes(isEnd ? bytes : withoutIncomplete(bytes), false)
  const isWhole = isEnd && textSize(segments) <= request.maxBytes
  const shown = (isWhole || request.isExact ? fillFront : takeFront)(segments, request.maxBytes)
  const end = window.offset + rawSize(shown)
  const place = placeOf(file, {
    start: window.offset,
    end,
    isEnd: isWhole,
    shown,
    first: request.lines?.first,
  })
  return { content: [...textResult(textOf(shown)).content, note(file, place)], isError: false }
}

/** What is no text: what it is, its size, its first bytes, and how to get it. */
export function binaryView(file: ViewedFile, window: Window, because = 'not text'): ToolResult {
  const kind = window.offset === 0 ? kindOf(window.bytes) : 'binary data'
  const first = window.bytes.subarray(0, 64)
  const hex = first.toString('hex').replace(/..(?=.)/g, '$& ')
  const size = file.size ?? (window.eof ? window.offset + window.bytes.length : undefined)
  const lines = [
    `${file.label}: ${kind}, ${size === undefined ? 'size not known' : count(size, 'byte')}, ${because}`,
    `First ${count(first.length, 'byte')}${window.offset > 0 ? ` from offset ${window.offset}` : ''}: ${hex}`,
    'To get it: copy_path copies it to another environment; shell runs a program on it where it is (file, xxd, strings, unzip -l)',
  ]
  return textResult(`${lines.join('\n')}\n`)
}

/** An image for the model to look at. */
export function imageView(file: ViewedFile, image: Buffer, mimeType: ImageType): ToolResult {
  const data = image.toString('base64')
  const content: ToolContent = { type: 'image', data, mimeType }
  return { content: [content, note(file, `${mimeType}, ${count(image.length, 'byte')}`)], isError: false }
}

/** Nothing to show, and why. */
export function emptyView(file: ViewedFile, why: string): ToolResult {
  return { content: [note(file, why)], isError: false }
}

function note({ label }: ViewedFile, text: string): ToolContent {
  return { type: 'text', text: `[${label}: ${text}]` }
}

/** The bytes of the window up to the end of the last line wanted. */
function wantedBytes({ bytes, eof }: Window, mostLines = Number.POSITIVE_INFINITY) {
  let end = 0
  for (let lines = 0; lines < mostLines; lines++) {
    const at = bytes.indexOf(10, end)
    if (at < 0) return { bytes, isEnd: eof }
    end = at + 1
  }
  return { bytes: bytes.subarray(0, end), isEnd: eof && end === bytes.length }
}

/** Without a character cut by the end of the window: the next one begins with it. A part of one is shown as its bytes. */
function withoutIncomplete(bytes: Buffer): Buffer {
  const length = bytes.length - incompleteCharacter(bytes)
  return length > 0 ? bytes.subarray(0, length) : bytes
}

interface Place {
  readonly start: number
  readonly end: number
  readonly isEnd: boolean
  readonly shown: readonly Segment[]
  readonly first: number | undefined
}

function placeOf(file: ViewedFile, { start, end, isEnd, shown, first }: Place): string {
  const text = Buffer.concat(shown.map((segment) => segment.text))
  const ends = countLines(text)
  const isInLine = text.length > 0 && text.at(-1) !== 10
  const lines = ends + (isInLine ? 1 : 0)
  if (start === 0 && isEnd) return `${count(end, 'byte')}, ${count(lines, 'line')}: the whole file`
  const size = file.size ?? (isEnd ? end : undefined)
  const bytes = `bytes ${number(start)} to ${number(end)}${size === undefined ? '' : ` of ${number(size)}`}`
  const where =
    first === undefined ? bytes : `lines ${number(first)} to ${number(first + lines - 1)}, ${bytes}`
  if (isEnd) return `${where}: the end of the file`
  const next = first === undefined || isInLine ? { offset: end } : { start_line: first + lines }
  return `${where}: read_file ${JSON.stringify({ ...file.call, ...next })} reads on`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function rawSize(segments: readonly Segment[]): number {
  return segments.reduce((size, { rawBytes }) => size + rawBytes, 0)
}

function textSize(segments: readonly Segment[]): number {
  return segments.reduce((size, { text }) => size + text.length, 0)
}
