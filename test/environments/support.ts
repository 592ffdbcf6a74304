import type { Environment, EnvironmentList, EnvironmentSource } from '../../src/environments/environment.ts'

/** An environment behind a gateway. */
export function gatewayEnvironment(name: string, isDefault = false): Environment {
  return {
    name,
    description: '',
    isDefault,
    lastSeenAt: undefined,
    target: { kind: 'gateway', exeId: `exe_${name}` },
  }
}

/** A source that answers what the test says, and counts how often it was asked, and with `refresh`. */
export class ScriptedSource implements EnvironmentSource {
  asked = 0
  refreshed = 0
  answer: () => Promise<EnvironmentList>

  constructor(...names: string[]) {
    this.answer = () => Promise.resolve({ environments: names.map((name) => gatewayEnvironment(name)) })
  }

  list(options?: { refresh?: boolean }): Promise<EnvironmentList> {
    this.asked++
    if (options?.refresh) this.refreshed++
    return this.answer()
  }
}
