import type { CallOptions } from '../util/signals.ts'

/** One upload and one download through a gateway, of two executors of its. Who has it can do either, once: it is a secret. */
export interface RelayTicket {
  readonly ticket: string
  /** Where the ticket is good, as the gateway says it is reached from outside: for PUT, and for GET. */
  readonly uploadUrl: string
  readonly downloadUrl: string
}

/** The gateway's tickets for copies over HTTP. Tools reach it through their context. */
export interface Relay {
  /** Asks for a ticket for a copy between two executors. Rejects with what the gateway said; no error has a secret in it. */
  create(ends: { sourceId: string; destinationId: string }, options: CallOptions): Promise<RelayTicket>
  /** How many bytes have gone through so far; undefined where the gateway does not tell. Never rejects, but for the signal. */
  passed(ticket: RelayTicket, options: CallOptions): Promise<number | undefined>
  /** Ends the copy for both ends, if it is not over; the ticket is good no longer. Bounded; never rejects. */
  end(ticket: RelayTicket): Promise<void>
}

/** What goes through a relay at one end: the bytes of a file from `offset` on, or what a command writes or reads. */
export type RelayPart =
  | { readonly path: string; readonly offset: number }
  | { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> }

/** One end of a copy through the gateway that an executor has dialled in to. */
export interface RelayRequest {
  /** Random, never used twice: the same request again is answered as the first. */
  readonly relayId: string
  readonly ticket: string
  readonly part: RelayPart
}

/** How one end of it went. What went wrong with the file itself is an error instead. */
export interface RelayOutcome {
  readonly bytes: number
  /** Of the command, with the end of what it wrote to stderr. */
  readonly exitCode?: number | undefined
  readonly stderr?: string | undefined
  /** Why the gateway could not be reached, or did not take or give all of it; undefined when it did. */
  readonly failure?: string | undefined
}
