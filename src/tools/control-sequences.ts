/** CSI; OSC, DCS and their kin up to their end (BEL or ST); character sets and other short ones (ECMA-48). */
const SEQUENCE = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/y
/** The beginning of one, cut off by the end of the text. */
const BEGINNING = /\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)$/y

const BEL = 0x07
const LF = 0x0a
const CR = 0x0d
const SHIFT_OUT = 0x0e
const SHIFT_IN = 0x0f
const ESC = 0x1b
/** How much is looked at: nearly all sequences are short; the long ones are titles and links. */
const LOOK_AHEAD_BYTES = [64, 4096]

/**
 * How many bytes at `at` steer a terminal and are no text: a control sequence, a bell, a shift, the carriage returns
 * before a line feed. 0: this is text. A lone carriage return counts as text: it may be all that parts two lines.
 */
export function controlLength(bytes: Buffer, at: number): number {
  switch (bytes[at]) {
    case ESC:
      return sequenceLength(bytes, at)
    case CR:
      return returnsBefore(bytes, at)
    case BEL:
    case SHIFT_OUT:
    case SHIFT_IN:
      return 1
  }
  return 0
}

/** How many bytes at the end, up to `most`, begin a control sequence or a line end whose rest has not come. */
export function incompleteControl(bytes: Uint8Array, most: number): number {
  const end = Buffer.from(bytes.subarray(Math.max(0, bytes.length - most)))
  const text = end.toString('latin1')
  let at = text.indexOf('\x1b')
  while (at >= 0) {
    if (matchEnd(BEGINNING, text, at) > 0) return text.length - at
    at = text.indexOf('\x1b', matchEnd(SEQUENCE, text, at) || at + 1)
  }
  let returns = 0
  while (returns < text.length && end[end.length - 1 - returns] === CR) returns++
  return returns
}

function sequenceLength(bytes: Buffer, at: number): number {
  let text = ''
  for (const most of LOOK_AHEAD_BYTES) {
    text = bytes.toString('latin1', at, at + most)
    const beginning = matchEnd(BEGINNING, text, 0)
    if (beginning === 0) break
    if (at + most >= bytes.length) return beginning
  }
  return matchEnd(SEQUENCE, text, 0)
}

function returnsBefore(bytes: Uint8Array, at: number): number {
  let end = at
  while (bytes[end] === CR) end++
  return bytes[end] === LF ? end - at : 0
}

/** Where a match that begins at `at` ends; 0 when there is none. */
function matchEnd(sticky: RegExp, text: string, at: number): number {
  sticky.lastIndex = at
  return sticky.test(text) ? sticky.lastIndex : 0
}
