/** The format of `GET /metrics`: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Label values are words of ours, never what somebody sent. */
export type Labels = Readonly<Record<string, string>>

/** A number for each set of labels: `counter` only grows, `gauge` goes both ways. */
export class Counter {
  readonly #head: string
  readonly #name: string
  readonly #values = new Map<string, number>()

  constructor(name: string, type: 'counter' | 'gauge', help: string) {
    this.#name = name
    this.#head = headOf(name, type, help)
  }

  add(labels: Labels, value: number): void {
    const key = labelsText(labels)
    this.#values.set(key, (this.#values.get(key) ?? 0) + value)
  }

  lines(): string[] {
    return [this.#head, ...[...this.#values].map(([labels, value]) => `${this.#name}${labels} ${value}`)]
  }
}

/** How many values fell under each of the limits, with their count and sum. */
export class Histogram {
  readonly #head: string
  readonly #name: string
  readonly #limits: readonly number[]
  readonly #series = new Map<string, { readonly labels: Labels; readonly under: number[]; sum: number }>()

  /** `limits` ascend. */
  constructor(name: string, limits: readonly number[], help: string) {
    this.#name = name
    this.#limits = limits
    this.#head = headOf(name, 'histogram', help)
  }

  add(labels: Labels, value: number): void {
    const key = labelsText(labels)
    const series = this.#series.get(key) ?? { labels, under: [...this.#limits, 0].fill(0), sum: 0 }
    this.#series.set(key, series)
    const place = this.#limits.findIndex((limit) => value <= limit)
    series.under[place === -1 ? this.#limits.length : place]! += 1
    series.sum += value
  }

  lines(): string[] {
    return [this.#head, ...[...this.#series.values()].flatMap((series) => this.#linesOf(series))]
  }

  #linesOf({ labels, under, sum }: { labels: Labels; under: readonly number[]; sum: number }): string[] {
    let count = 0
    const buckets = under.map((value, place) => {
      const le = String(this.#limits[place] ?? '+Inf')
      count += value
      return `${this.#name}_bucket${labelsText({ ...labels, le })} ${count}`
    })
    const text = labelsText(labels)
    return [...buckets, `${this.#name}_sum${text} ${sum}`, `${this.#name}_count${text} ${count}`]
  }
}

function headOf(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}`
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
