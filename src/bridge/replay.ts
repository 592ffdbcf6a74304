import type { Methods } from '../protocol/methods.ts'

/** What becomes of a request that was sent, and whose answer was lost with its connection. One that was not sent is always sent. */
export type Replay =
  /** Sent again: once or twice, the outcome is the same. */
  | 'repeat'
  /** Sent again under the id it had, by which the executor knows it; not where executors do not look at it. */
  | 'write-id'
  /** Sent again under the id it had, in the same session only; that it is known then means that the first one ran, or runs. */
  | 'process-id'
  /** The state of the files is asked for first, and decides (`settle.ts`). */
  | 'ask'
  /** It meant something on that connection only: its owner goes on by another way (`remote-file.ts`). */
  | 'connection'
  /** Not sent again: whoever called is told that nobody knows whether it was carried out. */
  | 'never'

interface Line {
  readonly replay: Replay
  readonly why: string
}

/** A line for every method we send. */
export const REPLAY: Readonly<Record<keyof Methods, Line>> = {
  initialize: { replay: 'connection', why: 'every connection begins with one of its own' },
  'environment/info': { replay: 'repeat', why: 'it only tells' },
  'process/start': { replay: 'process-id', why: 'an executor refuses an id that is taken' },
  'process/read': { replay: 'repeat', why: 'it does not consume' },
  'process/write': { replay: 'write-id', why: 'from 0.142 on an executor writes each id once' },
  'process/signal': { replay: 'never', why: 'a second interrupt means something else to many programs' },
  'process/terminate': { replay: 'repeat', why: 'what is dead stays dead' },
  'process/closeStdin': { replay: 'repeat', why: 'what is closed stays closed' },
  'process/resize': { replay: 'repeat', why: 'the size is the same after it' },
  'process/list': { replay: 'repeat', why: 'it only looks' },
  'process/attach': { replay: 'repeat', why: 'what was told before is known by its number' },
  'fs/readFile': { replay: 'repeat', why: 'it only reads' },
  'fs/writeFile': { replay: 'repeat', why: 'it writes the same bytes from the first to the last' },
  'fs/createDirectory': { replay: 'ask', why: 'a second one fails, or hides that it was there before' },
  'fs/getMetadata': { replay: 'repeat', why: 'it only looks' },
  'fs/readDirectory': { replay: 'repeat', why: 'it only looks' },
  'fs/remove': { replay: 'ask', why: 'a second one fails where the first did its work' },
  'fs/copy': { replay: 'ask', why: 'a second one is right only while its source is what it was' },
  'fs/hash': { replay: 'repeat', why: 'it only reads' },
  'fs/canonicalize': { replay: 'repeat', why: 'it only looks' },
  'fs/open': {
    replay: 'repeat',
    why: 'handles end with their connection, and nothing was written through it yet',
  },
  'fs/readBlock': { replay: 'connection', why: 'its handle is gone: the file is opened again' },
  'fs/writeBlock': { replay: 'connection', why: 'its handle is gone, and opening again would truncate' },
  'fs/close': { replay: 'connection', why: 'the connection has closed it' },
  'fs/rename': { replay: 'ask', why: 'a second one fails where the first did its work' },
  'relay/send': { replay: 'process-id', why: 'it is known by its id, and goes on without its connection' },
  'relay/receive': { replay: 'process-id', why: 'it is known by its id, and goes on without its connection' },
  'relay/end': { replay: 'repeat', why: 'what has ended stays so' },
}

/** Whether a request whose answer was lost may be sent once more. `hasWriteIds`: the executor writes each write id once. */
export function mayRepeat(method: keyof Methods, hasWriteIds: boolean): boolean {
  switch (REPLAY[method].replay) {
    case 'repeat':
    case 'process-id':
      return true
    case 'write-id':
      return hasWriteIds
    case 'ask':
    case 'connection':
    case 'never':
      return false
  }
}

/** It may be sent again in the session it was sent in only: the id it had says nothing in another one. */
export function isOfSession(method: keyof Methods): boolean {
  const { replay } = REPLAY[method]
  return replay === 'process-id' || replay === 'write-id'
}

/** It means something on one connection only: also one that was not sent is not sent on another. */
export function isOfConnection(method: keyof Methods): boolean {
  return REPLAY[method].replay === 'connection'
}
