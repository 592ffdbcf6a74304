import { Counter, Histogram, type Labels } from './prometheus.ts'
import type { RefusedFacts } from './tap.ts'
import type { CallRecord, ConnectionRecord, Watcher } from './watch.ts'

/** Upper ends of the classes of latency, in seconds: from a call on the same machine to one that waits for output. */
const LATENCIES = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60]

/** Of a method only its family is told, and only of these: what a client writes must not become a label that others read. */
const FAMILIES = ['initialize', 'environment', 'process', 'fs']

/**
 * Numbers of a gateway since its start. They say nothing about single workspaces or executors, so that anybody may read them
 * who reaches the port.
 */
export class Metrics implements Watcher {
  readonly #open = counter('connections', 'gauge', 'Connections that there are')
  readonly #opened = counter('connections_total', 'counter', 'Connections that there have been')
  readonly #calls = counter('calls_total', 'counter', 'Calls that are over')
  readonly #refusals = counter('refusals_total', 'counter', 'Requests that were refused')
  readonly #messages = counter('messages_total', 'counter', 'Messages relayed, up to executors and down')
  readonly #bytes = counter('bytes_total', 'counter', 'Bytes of messages and copies, up and down')
  readonly #latency = new Histogram('env_mcp_gateway_call_seconds', LATENCIES, 'From a call to its answer')

  opened(from: ConnectionRecord['from']): void {
    this.#open.add(labelsOf(from), 1)
    this.#opened.add(labelsOf(from), 1)
  }

  closed({ from, bytesUp, bytesDown }: ConnectionRecord): void {
    this.#open.add(labelsOf(from), -1)
    if (from.kind !== 'copy') return
    this.#bytes.add({ kind: 'copy', direction: 'up' }, bytesUp)
    this.#bytes.add({ kind: 'copy', direction: 'down' }, bytesDown)
  }

  relayed(direction: 'up' | 'down', bytes: number): void {
    const labels = RELAYED[direction]
    this.#messages.add(labels, 1)
    this.#bytes.add(labels, bytes)
  }

  called({ method, durationMs, outcome }: CallRecord): void {
    const family = FAMILIES.find((one) => one === method.split('/')[0]) ?? 'other'
    this.#calls.add({ family, outcome }, 1)
    if (outcome === 'ok' || outcome === 'error') this.#latency.add({ family }, durationMs / 1000)
  }

  refused({ route }: RefusedFacts, status: number): void {
    this.#refusals.add({ route, status: String(status) }, 1)
  }

  /** What `GET /metrics` answers. */
  text(): string {
    const all = [this.#open, this.#opened, this.#calls, this.#latency]
    const more = [this.#messages, this.#bytes, this.#refusals]
    return [...all, ...more].flatMap((series) => [...series.lines(), '']).join('\n')
  }
}

const RELAYED = {
  up: { kind: 'message', direction: 'up' },
  down: { kind: 'message', direction: 'down' },
} as const

function counter(name: string, type: 'counter' | 'gauge', help: string): Counter {
  return new Counter(`env_mcp_gateway_${name}`, type, help)
}

function labelsOf(from: ConnectionRecord['from']): Labels {
  return from.kind === 'executor' ? { kind: from.kind, era: from.facts.era } : { kind: from.kind }
}
