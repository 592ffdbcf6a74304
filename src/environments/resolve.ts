import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { nearest } from '../util/nearest.ts'
import { quoteList } from '../util/quote-list.ts'
import { throwIfAborted } from '../util/signals.ts'
import { combineSources } from './combined.ts'
import type {
  Environment,
  EnvironmentList,
  EnvironmentSource,
  NameResolver,
  ResolveOptions,
} from './environment.ts'
import { LatelySeen } from './lately-seen.ts'

type ListOptions = Parameters<EnvironmentSource['list']>[0]

/**
 * The resolver over `sources`. A source is asked for a name only when those before it do not have it, so a gateway
 * that is away disturbs nobody who means a machine of a flag. What is not found is asked for anew, once; what was there a short while
 * ago still counts (`LatelySeen`).
 */
export function createNameResolver(
  sources: readonly EnvironmentSource[],
  clock: Clock = systemClock,
): NameResolver {
  return new Resolver(sources, clock)
}

class Resolver implements NameResolver {
  readonly #sources: readonly EnvironmentSource[]
  readonly #all: EnvironmentSource
  readonly #lately: LatelySeen

  constructor(sources: readonly EnvironmentSource[], clock: Clock) {
    this.#sources = sources
    this.#lately = new LatelySeen(clock)
    this.#all = combineSources(sources)
  }

  list(options?: ListOptions): Promise<EnvironmentList> {
    return this.#all.list(options)
  }

  async resolve(name: string | undefined, options: ResolveOptions = {}): Promise<Environment> {
    const known = await this.#find(name, options).catch(() => undefined)
    if (known) return known
    throwIfAborted(options.signal)
    const found = await this.#find(name, { ...options, refresh: true })
    if (found) return found
    const lately = this.#lately.missing([]).find((environment) => environment.name === name)
    if (lately) return lately
    const list = await this.list(options)
    throw name === undefined ? noDefault(list, options.argument) : unknown(name, list)
  }

  #find(name: string | undefined, options: ListOptions): Promise<Environment | undefined> {
    return name === undefined ? this.#findDefault(options) : this.#findNamed(name, options)
  }

  async #findNamed(name: string, options: ListOptions): Promise<Environment | undefined> {
    for (const source of this.#sources) {
      const environments = await this.#ask(source, options)
      const found = environments.find((environment) => environment.name === name)
      if (found) return found
    }
    return undefined
  }

  /** All sources must have answered: a default cannot be told from a part of the list. */
  async #findDefault(options: ListOptions): Promise<Environment | undefined> {
    const lists = await Promise.all(this.#sources.map((source) => this.#ask(source, options)))
    const listed = lists.flat()
    const environments = [...listed, ...this.#lately.missing(listed)]
    return (
      environments.find(({ isDefault }) => isDefault) ??
      (environments.length === 1 ? environments[0] : undefined)
    )
  }

  async #ask(source: EnvironmentSource, options: ListOptions): Promise<readonly Environment[]> {
    const { environments } = await source.list(options)
    this.#lately.note(environments)
    return environments
  }
}

function unknown(name: string, list: EnvironmentList): BridgeError {
  const names = list.environments.map((environment) => environment.name)
  const meant = nearest(name, names)
  const action = `No environment ${JSON.stringify(name.slice(0, 80))}${meant ? `, nearest is "${meant}"` : ''}`
  return new BridgeError('not_found', `${action}: ${there(names)}${staleness(list)}`)
}

function noDefault(list: EnvironmentList, argument = 'environment_id'): BridgeError {
  const names = list.environments.map((environment) => environment.name)
  if (names.length === 0)
    return new BridgeError('not_found', `No environment: ${there(names)}${staleness(list)}`)
  return new BridgeError('invalid_input', `${argument} is missing and none is the default: ${there(names)}`)
}

function there(names: readonly string[]): string {
  return names.length === 0 ? 'none is connected to the gateway now' : `there are ${quoteList(names)}`
}

function staleness({ stale }: EnvironmentList): string {
  return stale ? `, as far as is known: ${stale.reason}` : ''
}
