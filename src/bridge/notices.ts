import type { OutputStream } from '../protocol/executor.ts'
import { base64Field, isRecord, number, outputStream, sequenceNumber, string } from './fields.ts'

/** One thing that happened to a process. `seq` is its place in the one order that all of them share. */
export type ProcessEvent =
  | {
      readonly kind: 'output'
      readonly seq: number
      readonly stream: OutputStream
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'exited'; readonly seq: number; readonly exitCode: number }
  | { readonly kind: 'closed'; readonly seq: number }

/** What an executor says, unasked, of one process. */
export interface ProcessNotice {
  readonly processId: string
  readonly event: ProcessEvent
}

/** Reads a notification about a process; undefined for one that is about something else, or not as it should be. */
export function parseNotice(method: string, params: unknown): ProcessNotice | undefined {
  if (!isRecord(params)) return undefined
  try {
    switch (method) {
      case 'process/output': {
        const bytes = base64Field(params, 'chunk').bytes
        const event = {
          kind: 'output',
          seq: sequenceNumber(params, 'seq'),
          stream: outputStream(params),
          bytes,
        } as const
        return { processId: string(params, 'processId'), event }
      }
      case 'process/exited': {
        const event = {
          kind: 'exited',
          seq: sequenceNumber(params, 'seq'),
          exitCode: number(params, 'exitCode'),
        } as const
        return { processId: string(params, 'processId'), event }
      }
      case 'process/closed':
        return {
          processId: string(params, 'processId'),
          event: { kind: 'closed', seq: sequenceNumber(params, 'seq') },
        }
      default:
        return undefined
    }
  } catch {
    // The hole it leaves is filled by asking the executor.
    return undefined
  }
}
