/** `up`: from the bridge to the executor; `down`: back. */
export type Direction = 'up' | 'down'

/** Where on a connection something happens: frames are counted from 1, messages only, in their direction. */
interface AtFrame {
  readonly direction: Direction
  readonly frame: number
}

/** The connection ends as a network ends it, without a close frame. New ones are refused for `downMs`, in ms. */
interface Cut {
  readonly direction: Direction
  readonly downMs?: number
}

/** What goes wrong on one connection. */
export type Fault =
  /** After so many bytes in that direction. */
  | ({ readonly kind: 'cut-at-byte'; readonly bytes: number } & Cut)
  | ({ readonly kind: 'cut-after-frame'; readonly frame: number } & Cut)
  /** The bridge's end is cut after that frame; the executor believes in its own for `ms` more. */
  | ({ readonly kind: 'half-open'; readonly ms: number } & AtFrame)
  /** From that frame on nothing gets through in that direction, and nobody is told. */
  | ({ readonly kind: 'silence' } & AtFrame)
  /** From that frame on everything is held for `ms`, then it goes on. */
  | ({ readonly kind: 'stall'; readonly ms: number } & AtFrame)
  /** Everything takes so much longer, in ms. */
  | { readonly kind: 'delay'; readonly direction: Direction; readonly ms: number }
  | ({ readonly kind: 'duplicate' } & AtFrame)
  /** One bit of its last byte is another, so that it is no JSON any more. */
  | ({ readonly kind: 'corrupt' } & AtFrame)
  /** The server closes with this code after that frame of its own. */
  | { readonly kind: 'close'; readonly code: number; readonly frame: number }
  /** The TCP connection is reset as soon as it is there; it is held without an answer; an HTTP status is the answer. */
  | { readonly kind: 'refuse' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'status'; readonly status: number }

export type FaultKind = Fault['kind']

/** Instead of a connection. */
export type EntryFault = Extract<Fault, { kind: 'refuse' | 'hang' | 'status' }>

/** True for what happens instead of a connection. */
export function isEntryFault(fault: Fault): fault is EntryFault {
  return fault.kind === 'refuse' || fault.kind === 'hang' || fault.kind === 'status'
}

/** In which direction a fault works; an entry fault in none. */
export function directionOf(fault: Fault): Direction | undefined {
  if (fault.kind === 'close') return 'down'
  return 'direction' in fault ? fault.direction : undefined
}
