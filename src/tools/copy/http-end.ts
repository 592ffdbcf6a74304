import type { Executor } from '../../protocol/executor.ts'
import type { RelayTicket } from '../../protocol/relay.ts'
import type { CallOptions } from '../../util/signals.ts'
import { CurlEnd } from './curl-end.ts'
import { NativeEnd } from './native-end.ts'

/** What goes over HTTP: the bytes of a file from `offset` on, or a directory as one tar stream (`names` and `holes` as `PACK` takes them). */
export type HttpStream =
  | { readonly kind: 'file'; readonly path: string; readonly offset: number }
  | { readonly kind: 'tree'; readonly path: string; readonly names: string; readonly holes: string }

/**
 * A machine as one end of a copy over HTTP. Both methods give the bytes that went through, undefined where nothing tells, when
 * all of them are sent, or lie there (in a file, what lay behind `offset` is gone; in a directory that is there). They reject with
 * `unavailable` for what went wrong on the way.
 */
export interface HttpEnd {
  /** Why it cannot; undefined when it can. */
  whyNot(options: CallOptions): Promise<string | undefined>
  send(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<number | undefined>
  receive(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<number | undefined>
}

/** By itself where the executor can, otherwise by `curl`. */
export function httpEndOf(executor: Executor): HttpEnd {
  return executor.features.relay ? new NativeEnd(executor) : new CurlEnd(executor)
}
