import type { RelayBody } from '../rpc/relay-frames.ts'
import type { Frame } from '../rpc/transport.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { Semaphore } from '../util/semaphore.ts'
import { callScope, throwIfAborted } from '../util/signals.ts'
import type { FrameSocket } from './frame-socket.ts'
import { joinStreams } from './joint.ts'
import type { GatewayLimits } from './limits.ts'
import type { ExecutorLink, ExecutorStream, RelayChannel } from './link.ts'
import { Misconduct } from './misconduct.ts'
import { holdPatiently } from './patience.ts'
import { watchPresence } from './presence.ts'
import { RelayMux } from './relay-mux.ts'
import { type AssemblyBudget, relayStream } from './relay-stream.ts'
import type { BridgeTap } from './tap.ts'
import type { WorkspaceClaims } from './tokens.ts'

export interface BridgeOptions {
  readonly socket: FrameSocket
  readonly claims: WorkspaceClaims
  readonly link: ExecutorLink
  /** What the half-received messages of all bridges of the executor may hold together. */
  readonly budget: AssemblyBudget
  /** True while other bridges use the link too. */
  readonly othersWait: () => boolean
  /** Who has it may begin a stream: one of all bridges at a time. */
  readonly beginnings: Semaphore
  readonly tap: BridgeTap
  readonly clock: Clock
  readonly limits: GatewayLimits
}

/** The connection of one env-mcp to one executor: it opens streams by `resume`, each joined with one of the executor. */
export class Bridge {
  readonly claims: WorkspaceClaims
  readonly #options: BridgeOptions
  readonly #mux: RelayMux
  /** Of its own streams one waits among those of the others: they take turns. */
  readonly #waiting = new Semaphore(1)
  #isOutpaced = false

  constructor(options: BridgeOptions) {
    const { socket, claims, limits, clock, tap } = options
    this.claims = claims
    this.#options = options
    const sink = {
      send: (_: object, frame: Frame) => socket.send(frame),
      drained: () => socket.drained(),
    }
    this.#mux = new RelayMux(socket, sink, (streamId, body) => this.#onUnknown(streamId, body))
    const presence = watchPresence(socket, clock, limits)
    void socket.closed.then((reason) => {
      presence[Symbol.dispose]()
      tap.closed(reason)
    })
    this.#mux.start()
  }

  /** Resolves with the reason when the bridge is gone and all its streams have ended. */
  get closed(): Promise<Error> {
    return this.#options.socket.closed
  }

  get streamCount(): number {
    return this.#mux.size
  }

  /** Ends its streams at once, and its socket politely. */
  close(reason: Error): void {
    this.#mux.close(reason)
  }

  /** Only a `resume` opens a stream: `data` of one that has ended may still be under way, and must not begin another. */
  #onUnknown(streamId: string, body: RelayBody): void {
    const { limits } = this.#options
    if (Buffer.byteLength(streamId) > limits.maxStreamIdBytes || streamId.trim() === '')
      return this.close(new Misconduct('A frame without an id of a stream that can be used'))
    switch (body.kind) {
      case 'resume':
        if (this.#mux.size < limits.maxStreamsPerBridge) return this.#open(this.#mux.open(streamId, this))
        return this.#refuse(streamId, `A bridge may have ${limits.maxStreamsPerBridge} streams`)
      case 'data':
      case 'handshake':
        return this.#refuse(streamId, 'There is no such stream: open it with a resume')
      case 'ack':
      case 'heartbeat':
      case 'reset':
        return
    }
  }

  #refuse(streamId: string, reason: string): void {
    this.#mux.reset(streamId, this, reason)
    this.#checkQueue()
  }

  #open(channel: RelayChannel): void {
    const { socket, link, tap, limits, budget } = this.#options
    const { streamId } = channel
    const near = relayStream(channel, limits.maxExecutorMessageBytes, budget)
    const over = new AbortController()
    const opening = this.#openFar(over.signal)
    // Then its socket is not held for this bridge: what it sends beyond its credit, against its word, must not pile up.
    let hasCredit = false
    opening.then(
      ({ hold }) => {
        hasCredit = hold !== undefined
      },
      () => {}, // the joint tells it
    )
    joinStreams(near, opening, {
      stepBytes: limits.stepBytes,
      holdNear: () => socket.hold(),
      holdFar: () => (link.isShared ? this.#holdShared() : link.hold(this)),
      pauseFar: () => link.hold(this),
      up: (message) => tap.up(streamId, message, near.lastIds),
      down: (message) => {
        tap.down(streamId, message)
        if (this.#isOutpaced || hasCredit) this.#checkQueue()
      },
      ended: () => {
        tap.ended(streamId)
        over.abort(new BridgeError('canceled', 'The stream has ended'))
      },
    })
  }

  async #openFar(over: AbortSignal): Promise<ExecutorStream> {
    const { link, limits } = this.#options
    using scope = callScope({ signal: over, timeoutMs: limits.openTimeoutMs }, 'Opening a stream')
    await this.#turnToBegin(scope.signal)
    return await link.open(this, { signal: scope.signal })
  }

  /**
   * One stream begins at a time, each in a turn of the event loop of its own, and one that was reset meanwhile does not: a handshake is
   * milliseconds of work, and bridges that ask for one after the other would keep all others waiting.
   */
  async #turnToBegin(signal: AbortSignal): Promise<void> {
    using _own = await permit(this.#waiting, signal)
    using _all = await permit(this.#options.beginnings, signal)
    await new Promise(setImmediate)
    throwIfAborted(signal)
  }

  #holdShared(): Disposable {
    const { socket, link, othersWait, clock, limits } = this.#options
    const slow = {
      get queuedBytes() {
        return socket.queuedBytes
      },
      othersWait,
      outpaced: () => {
        this.#isOutpaced = true
      },
    }
    const hold = holdPatiently(link.hold(this), slow, clock, limits)
    return {
      [Symbol.dispose]: () => {
        this.#isOutpaced = false
        hold[Symbol.dispose]()
      },
    }
  }

  /** A bridge that does not read is cut before what waits for it grows without end. */
  #checkQueue(): void {
    const { socket, limits } = this.#options
    if (socket.queuedBytes > limits.maxBridgeQueueBytes)
      this.close(new Misconduct('The bridge does not read what comes for it'))
  }
}

async function permit(semaphore: Semaphore, signal: AbortSignal): Promise<Disposable> {
  await semaphore.acquire(signal)
  return { [Symbol.dispose]: () => semaphore.release() }
}
