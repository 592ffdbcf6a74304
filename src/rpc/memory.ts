import { RPC_LIMITS } from './limits.ts'
import type { Frame, Receiver, Transport } from './transport.ts'

/** Two transports that are each other's far end, in this process: what one sends the other receives, a tick later. */
export function memoryPair(): [Transport, Transport] {
  const a = new MemoryTransport()
  const b = new MemoryTransport()
  a.peer = b
  b.peer = a
  return [a, b]
}

class MemoryTransport implements Transport {
  peer: MemoryTransport | undefined
  readonly maxMessageBytes = RPC_LIMITS.maxMessageBytes
  readonly #early: Frame[] = []
  #receiver: Receiver | undefined
  #closed: Error | undefined
  #told = false

  start(receiver: Receiver): void {
    this.#receiver = receiver
    for (const frame of this.#early.splice(0)) receiver.frame(frame)
    this.#tell()
  }

  send(data: Frame): void {
    const { peer } = this
    if (!this.#closed && peer) queueMicrotask(() => peer.#deliver(data))
  }

  drained(): Promise<void> {
    return Promise.resolve()
  }

  close(reason: Error): void {
    if (this.#closed) return
    this.#closed = reason
    queueMicrotask(() => {
      this.#tell()
      this.peer?.close(reason)
    })
  }

  #deliver(data: Frame): void {
    if (this.#closed) return
    if (this.#receiver) this.#receiver.frame(data)
    else this.#early.push(data)
  }

  #tell(): void {
    if (!this.#closed || !this.#receiver || this.#told) return
    this.#told = true
    this.#receiver.closed(this.#closed)
  }
}
