import type { Executor } from '../../protocol/executor.ts'
import type { RelayTicket } from '../../protocol/relay.ts'
import type { CallOptions } from '../../util/signals.ts'
import { CurlEnd } from './curl-end.ts'
import { NativeEnd } from './native-end.ts'

/** What goes over HTTP: the bytes of a file, or a directory as one tar stream. */
export interface HttpStream {
  readonly path: string
  readonly kind: 'file' | 'tree'
}

/** What went through at one end. */
export interface Passed {
  /** Undefined where a curl is too old to tell. */
  readonly bytes: number | undefined
  /** Of a file, as it was sent; undefined elsewhere, and where nothing there can compute it. */
  readonly sha256: string | undefined
}

/**
 * A machine as one end of a copy over HTTP. Both methods resolve when all is sent, or lies there (a file made or truncated, a
 * directory that is there filled), and reject with `unavailable` for what went wrong on the way.
 */
export interface HttpEnd {
  /** Why it cannot; undefined when it can. */
  whyNot(options: CallOptions): Promise<string | undefined>
  send(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<Passed>
  receive(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<Passed>
}

/** By itself where the executor can, otherwise by `curl`. */
export function httpEndOf(executor: Executor): HttpEnd {
  return executor.features.relay ? new NativeEnd(executor) : new CurlEnd(executor)
}
