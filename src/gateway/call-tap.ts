import type { Frame } from '../rpc/transport.ts'
import type { CallIds } from '../util/call-ids.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeCalls } from './bridge-calls.ts'
import type { BridgeFacts, BridgeTap, CopyFacts, ExecutorFacts, RefusedFacts, Tap } from './tap.ts'
import type { ConnectionRecord, Watcher } from './watch.ts'

/** A tap that makes calls and connections out of what passes, and tells the watchers of each when it is over. */
export function callTap(watchers: readonly Watcher[], clock: Clock): Tap {
  return new CallTap(watchers, clock)
}

class CallTap implements Tap {
  readonly #watchers: readonly Watcher[]
  readonly #clock: Clock

  constructor(watchers: readonly Watcher[], clock: Clock) {
    this.#watchers = watchers
    this.#clock = clock
  }

  executor(facts: ExecutorFacts) {
    const closed = this.#opened({ kind: 'executor', facts })
    return (reason: Error, { received, sent }: { readonly received: number; readonly sent: number }) =>
      closed(reason.message, { bytesUp: sent, bytesDown: received })
  }

  bridge(facts: BridgeFacts): BridgeTap {
    const closed = this.#opened({ kind: 'bridge', facts })
    const bytes = { bytesUp: 0, bytesDown: 0 }
    const relayed = (direction: 'up' | 'down', byteLength: number) => {
      bytes[direction === 'up' ? 'bytesUp' : 'bytesDown'] += byteLength
      for (const watcher of this.#watchers) watcher.relayed?.(direction, byteLength)
    }
    const calls = new BridgeCalls(this.#clock, (call) => {
      for (const watcher of this.#watchers) watcher.called({ ...call, facts })
    })
    return {
      up(streamId: string, message: Frame, ids: CallIds | undefined) {
        relayed('up', message.byteLength)
        calls.up(streamId, message, ids)
      },
      down(streamId, message) {
        relayed('down', message.byteLength)
        calls.down(streamId, message)
      },
      ended: (streamId) => calls.ended(streamId),
      closed: (reason) => closed(reason.message, bytes),
    }
  }

  copy(facts: CopyFacts) {
    const closed = this.#opened({ kind: 'copy', facts })
    return (outcome: string, bytes: number) => closed(outcome, { bytesUp: bytes, bytesDown: bytes })
  }

  refused(facts: RefusedFacts, status: number): void {
    for (const watcher of this.#watchers) watcher.refused?.(facts, status)
  }

  #opened(from: ConnectionRecord['from']) {
    const openedAt = this.#clock.now()
    for (const watcher of this.#watchers) watcher.opened?.(from)
    return (outcome: string, bytes: Pick<ConnectionRecord, 'bytesUp' | 'bytesDown'>) => {
      const record = { from, durationMs: this.#clock.now() - openedAt, ...bytes, outcome }
      for (const watcher of this.#watchers) watcher.closed(record)
    }
  }
}
