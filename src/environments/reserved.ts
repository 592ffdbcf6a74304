import type { EnvironmentSource } from './environment.ts'

/** `source` without the environments whose names are taken by flags: a flag wins, and the list says so. */
export function withoutReserved(source: EnvironmentSource, names: ReadonlySet<string>): EnvironmentSource {
  return {
    async list(options) {
      const list = await source.list(options)
      const taken = list.environments.filter(({ name }) => names.has(name))
      const notes = taken.map(
        ({ name }) => `Environment "${name}" of the gateway was left out: --environment defines that name`,
      )
      return {
        ...list,
        environments: list.environments.filter(({ name }) => !names.has(name)),
        notes: [...(list.notes ?? []), ...notes],
      }
    },
  }
}
