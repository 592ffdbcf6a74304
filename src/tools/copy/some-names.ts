/** What is told of many names. */
const MOST = 10

/** How many names there are, and the first of them in their order; the others are forgotten. */
export class SomeNames {
  #count = 0
  #first: string[] = []

  get count(): number {
    return this.#count
  }

  get first(): readonly string[] {
    return this.#first.sort().slice(0, MOST)
  }

  add(name: string): void {
    this.#count++
    this.#first.push(name)
    if (this.#first.length >= 8 * MOST) this.#first = [...this.first]
  }
}
