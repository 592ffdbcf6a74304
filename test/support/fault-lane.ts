import type { Socket } from 'node:net'
import type { Fault } from './fault.ts'
import { closeFrame, FrameSplitter, isDataFrame, type Piece } from './websocket-frames.ts'

/** With more than this waiting to go on, in bytes, the sender is not read for a while. */
const HELD_BYTES = 1024 * 1024

/** What a lane tells of itself. */
export interface LaneEvents {
  /** A fault has begun to do what it does; may be told more than once. */
  hit(fault: Fault): void
  /** The connection is to be cut here. All that may get through has gone to the other side. */
  cut(fault: Fault): void
}

/** One direction of a connection: takes what one side sends and passes it on, with what its faults do to it. */
export class FaultLane implements Disposable {
  readonly #from: Socket
  readonly #to: Socket
  readonly #faults: readonly Fault[]
  readonly #events: LaneEvents
  readonly #splitter = new FrameSplitter()
  readonly #queue: { readonly piece: Piece; readonly dueMs: number }[] = []
  #queuedBytes = 0
  #timer: NodeJS.Timeout | undefined
  #heldUntilMs = 0
  /** Messages that have come, messages and bytes that have gone on. */
  #arrived = 0
  #passed = 0
  #bytes = 0
  /** `silent`: nobody is told that nothing goes on. */
  #state: 'open' | 'shut' | 'silent' = 'open'
  #isEnding = false

  constructor(from: Socket, to: Socket, faults: readonly Fault[], events: LaneEvents) {
    this.#from = from
    this.#to = to
    this.#faults = faults
    this.#events = events
    from.on('data', (data) => this.#take(data))
    to.on('drain', () => this.#resume())
  }

  /** Nothing more will come: when all has gone on, the other side is told, unless the lane is silent. */
  end(): void {
    this.#isEnding = true
    this.#drain()
  }

  /** Nothing goes on from here. */
  [Symbol.dispose](): void {
    this.#state = 'silent'
    clearTimeout(this.#timer)
  }

  #take(data: Buffer): void {
    if (this.#state !== 'open') return
    for (const piece of this.#splitter.push(data)) {
      this.#queue.push({ piece, dueMs: performance.now() + this.#delayOf(piece) })
      this.#queuedBytes += piece.bytes.length
    }
    this.#drain()
    if (this.#to.writableNeedDrain || this.#queuedBytes > HELD_BYTES) this.#from.pause()
  }

  /** In ms. What a stall holds goes on together when it is over. */
  #delayOf(piece: Piece): number {
    if (isMessage(piece)) this.#arrived++
    let delayMs = 0
    for (const fault of this.#faults) {
      const isStall = fault.kind === 'stall' && isMessage(piece) && fault.frame === this.#arrived
      if (isStall) this.#heldUntilMs = performance.now() + fault.ms
      if (fault.kind === 'delay') delayMs += fault.ms
      if (isStall || fault.kind === 'delay') this.#events.hit(fault)
    }
    return Math.max(delayMs, this.#heldUntilMs - performance.now())
  }

  /** Passes on what is due, in order. */
  #drain(): void {
    clearTimeout(this.#timer)
    for (let next = this.#queue[0]; next && this.#state === 'open'; next = this.#queue[0]) {
      const waitMs = next.dueMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#drain(), waitMs)
        this.#timer.unref()
        return
      }
      this.#queue.shift()
      this.#queuedBytes -= next.piece.bytes.length
      this.#pass(next.piece)
    }
    this.#resume()
    if (this.#isEnding && this.#state !== 'silent') this.#to.end()
  }

  #resume(): void {
    if (!this.#to.writableNeedDrain && this.#queuedBytes <= HELD_BYTES) this.#from.resume()
  }

  #pass(piece: Piece): void {
    if (!isMessage(piece)) return this.#send(piece.bytes)
    const frame = ++this.#passed
    const here = this.#faults.filter((fault) => 'frame' in fault && fault.frame === frame)
    const silence = here.find(({ kind }) => kind === 'silence')
    if (silence) return this.#shut('silent', silence)
    const corrupt = here.find(({ kind }) => kind === 'corrupt')
    if (corrupt) this.#events.hit(corrupt)
    const bytes = corrupt ? flipLastBit(piece.bytes) : piece.bytes
    this.#send(bytes)
    for (const fault of here) this.#goOn(fault, bytes)
  }

  /** Does what a fault does after its frame. */
  #goOn(fault: Fault, frame: Buffer): void {
    if (this.#state !== 'open') return
    switch (fault.kind) {
      case 'duplicate':
        this.#events.hit(fault)
        return this.#send(frame)
      case 'close':
        this.#to.write(closeFrame(fault.code))
        return this.#shut('shut', fault)
      case 'cut-after-frame':
      case 'half-open':
        return this.#cut(fault)
      case 'cut-at-byte':
      case 'silence':
      case 'stall':
      case 'delay':
      case 'corrupt':
      case 'refuse':
      case 'hang':
      case 'status':
        return // done elsewhere
    }
  }

  #send(bytes: Buffer): void {
    const limit = this.#faults.find((fault) => fault.kind === 'cut-at-byte')
    const room = limit ? limit.bytes - this.#bytes : bytes.length
    this.#bytes += bytes.length
    this.#to.write(bytes.subarray(0, room))
    if (limit && room <= bytes.length) this.#cut(limit)
  }

  #cut(fault: Fault): void {
    this.#shut('silent', fault)
    // Told when all before it has gone out.
    this.#to.write('', () => this.#events.cut(fault))
  }

  #shut(state: 'shut' | 'silent', fault: Fault): void {
    this.#state = state
    this.#events.hit(fault)
  }
}

function isMessage({ kind, bytes }: Piece): boolean {
  return kind === 'frame' && isDataFrame(bytes)
}

function flipLastBit(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy[copy.length - 1]! ^= 1
  return copy
}
