import type { Environment, EnvironmentSource } from './environment.ts'

/** Environments that are known from the start and never change. */
export function createStaticSource(environments: readonly Environment[]): EnvironmentSource {
  const list = { environments }
  return { list: () => Promise.resolve(list) }
}

/** An exec-server that is dialled directly. */
export function directEnvironment({ name, url }: { name: string; url: string }): Environment {
  const description = `Direct connection to ${new URL(url).host}`
  return { name, description, isDefault: false, lastSeenAt: undefined, target: { kind: 'direct', url } }
}

/** This machine, worked on by this process itself, in `cwd`. */
export function localEnvironment(name: string, cwd: string): Environment {
  const description = `The machine this server runs on, in ${cwd}`
  return { name, description, isDefault: true, lastSeenAt: undefined, target: { kind: 'local' } }
}
