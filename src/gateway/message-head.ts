import type { Frame } from '../rpc/transport.ts'
import { JsonScanner } from './json-scanner.ts'

/**
 * What the gateway may know of a message, and all it reads of it: whether it is a call or an answer, the id, and of a call its
 * method, the process, and the first word of the command. `unread` is one that cannot be read so, or not within bounds.
 */
export type MessageHead =
  | ({ readonly kind: 'call'; readonly id: string } & CallHead)
  | { readonly kind: 'answer'; readonly id: string; readonly isError: boolean }
  | { readonly kind: 'notification' }
  | { readonly kind: 'unread' }

export interface CallHead {
  readonly method: string
  readonly processId: string | undefined
  readonly program: string | undefined
}

/** Texts of a message that are longer are cut. */
const MAX_TEXT = 200

const UNREAD: MessageHead = { kind: 'unread' }

/** Reads the head of a message on its way up, to an executor: the last of two equal keys counts, as parsers have it. */
export function readCall(message: Frame): MessageHead {
  const head: { id?: unknown; method?: unknown; processId?: unknown; program?: unknown } = {}
  const isRead = readObject(message, (scanner, key) => {
    switch (key) {
      case 'id':
      case 'method':
        head[key] = scanner.scalar()
        return
      case 'params':
        delete head.processId
        delete head.program
        return scanner.object((name) => {
          if (name === 'processId') head.processId = scanner.scalar()
          else if (name === 'argv') head.program = scanner.firstOfList()
          else scanner.skip()
        })
      default:
        return scanner.skip()
    }
  })
  if (!isRead || typeof head.method !== 'string') return UNREAD
  if (head.id === undefined) return { kind: 'notification' }
  return {
    kind: 'call',
    id: JSON.stringify(head.id),
    method: head.method.slice(0, MAX_TEXT),
    processId: textOf(head.processId),
    program: textOf(head.program),
  }
}

/** Reads the head of a message on its way down: of what is no answer no more than that it is none. */
export function readAnswer(message: Frame): MessageHead {
  let id: unknown
  let isError = false
  let isAnswer = true
  const isRead = readObject(message, (scanner, key) => {
    if (key === 'method') isAnswer = false
    if (!isAnswer) return scanner.stop()
    if (key === 'error') isError = true
    if (key === 'id') id = scanner.scalar()
    else scanner.skip()
  })
  if (!isAnswer) return { kind: 'notification' }
  return isRead && id !== undefined ? { kind: 'answer', id: JSON.stringify(id), isError } : UNREAD
}

/** False when the message is not one JSON object, or too much to read. */
function readObject(message: Frame, key: (scanner: JsonScanner, key: string) => void): boolean {
  const scanner = new JsonScanner(message)
  scanner.object((name) => key(scanner, name))
  return scanner.isWell
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined
}
