import type { Frame } from '../rpc/transport.ts'
import type { CallIds } from '../util/call-ids.ts'
import type { Traffic } from './frame-socket.ts'
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
  /** Where it came from. */
  readonly bridgeAddress: string
  readonly turnId: string
  readonly userId: string | undefined
}

/** A copy over HTTP, and between which executors it goes. */
export interface CopyFacts {
  readonly workspaceId: string
  readonly sourceExeId: string
  readonly destinationExeId: string
}

/** Which request was refused: its route (never its path, which may hold a ticket), and where it came from. */
export interface RefusedFacts {
  readonly route: string
  readonly address: string
}

/** What is told of one bridge. Messages are whole, in the order they are passed on, of all its streams. */
export interface BridgeTap {
  /** `ids` as the client gave them with this message. */
  up(streamId: string, message: Frame, ids: CallIds | undefined): void
  down(streamId: string, message: Frame): void
  /** The stream has ended; another one may begin under the same id. */
  ended(streamId: string): void
  closed(reason: Error): void
}

/**
 * Somebody who watches beside the relay, as the audit and the metrics do. It is called in the middle of the relay: it must
 * be quick, must not throw, and must not keep the messages.
 */
export interface Tap {
  /** A machine has connected; the answer is called when it is gone. */
  executor(facts: ExecutorFacts): (reason: Error, traffic: Readonly<Traffic>) => void
  bridge(facts: BridgeFacts): BridgeTap
  /** A copy has begun; the answer is called when it is over, with the bytes that went through. */
  copy(facts: CopyFacts): (outcome: string, bytes: number) => void
  refused(facts: RefusedFacts, status: number): void
}

/** Several taps as one. */
export function allTaps(taps: readonly Tap[]): Tap {
  return {
    executor(facts) {
      const told = taps.map((tap) => tap.executor(facts))
      return (reason, traffic) => {
        for (const closed of told) closed(reason, traffic)
      }
    },
    bridge(facts) {
      const told = taps.map((tap) => tap.bridge(facts))
      return {
        up(streamId, message, ids) {
          for (const tap of told) tap.up(streamId, message, ids)
        },
        down(streamId, message) {
          for (const tap of told) tap.down(streamId, message)
        },
        ended(streamId) {
          for (const tap of told) tap.ended(streamId)
        },
        closed(reason) {
          for (const tap of told) tap.closed(reason)
        },
      }
    },
    copy(facts) {
      const told = taps.map((tap) => tap.copy(facts))
      return (outcome, bytes) => {
        for (const over of told) over(outcome, bytes)
      }
    },
    refused(facts, status) {
      for (const tap of taps) tap.refused(facts, status)
    },
  }
}
