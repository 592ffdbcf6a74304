import type { Frame } from '../rpc/transport.ts'
import type { Era } from './link.ts'

/** Who a machine is, and where it came from. */
export interface ExecutorFacts {
  readonly workspaceId: string
  readonly exeId: string
  readonly name: string
  readonly era: Era
  readonly address: string
}

/** Who a bridge is, and which executor it is for. */
export interface BridgeFacts extends ExecutorFacts {
  readonly turnId: string
  readonly userId: string | undefined
}

/** What is told of one bridge. Messages are whole, in the order they are passed on, of all its streams. */
export interface BridgeTap {
  up(streamId: string, message: Frame): void
  down(streamId: string, message: Frame): void
  closed(reason: Error): void
}

/**
 * Somebody who watches beside the relay, as the audit and the metrics do. It is called in the middle of the relay: it must
 * be quick, must not throw, and must not keep the messages.
 */
export interface Tap {
  /** A machine has connected; the answer is called when it is gone. */
  executor(facts: ExecutorFacts): (reason: Error) => void
  bridge(facts: BridgeFacts): BridgeTap
  /** A request was refused, with its route (never its path) and the status it got. */
  refused(facts: { readonly route: string; readonly address: string }, status: number): void
}

/** Several taps as one. */
export function allTaps(taps: readonly Tap[]): Tap {
  return {
    executor(facts) {
      const told = taps.map((tap) => tap.executor(facts))
      return (reason) => {
        for (const closed of told) closed(reason)
      }
    },
    bridge(facts) {
      const told = taps.map((tap) => tap.bridge(facts))
      return {
        up(streamId, message) {
          for (const tap of told) tap.up(streamId, message)
        },
        down(streamId, message) {
          for (const tap of told) tap.down(streamId, message)
        },
        closed(reason) {
          for (const tap of told) tap.closed(reason)
        },
      }
    },
    refused(facts, status) {
      for (const tap of taps) tap.refused(facts, status)
    },
  }
}
