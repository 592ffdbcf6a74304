import type { CallOptions } from '../util/signals.ts'

/** A machine as a model knows it: a name. What stands behind it is for `app/` to open. */
export interface Environment {
  readonly name: string
  readonly description: string
  readonly isDefault: boolean
  /** When its executor was last seen, as the gateway said it (ISO 8601). */
  readonly lastSeenAt: string | undefined
  readonly target: EnvironmentTarget
}

/** How it is reached. `exeId` never reaches a model. */
export type EnvironmentTarget =
  | { readonly kind: 'gateway'; readonly exeId: string }
  | { readonly kind: 'direct'; readonly url: string }
  | { readonly kind: 'local' }

/** What is known of the environments now. */
export interface EnvironmentList {
  readonly environments: readonly Environment[]
  /** What is not in the list although somebody meant it to be, and why; one sentence each, for the reader. */
  readonly notes?: readonly string[] | undefined
  /** Set when the list could not be refreshed and this is the last known one: how old it is, in ms, and why. */
  readonly stale?: { readonly sinceMs: number; readonly reason: string } | undefined
}

/** Where environments come from. */
export interface EnvironmentSource {
  /** `refresh`: ask anew even when a recent answer is at hand. */
  list(options?: CallOptions & { refresh?: boolean }): Promise<EnvironmentList>
}

/** Names to environments: the door the tools use. */
export interface NameResolver extends EnvironmentSource {
  /**
   * The environment of that exact name; without a name the default one, or the only one. Throws `not_found` or
   * `invalid_input` with the names there are.
   */
  resolve(name: string | undefined, options?: ResolveOptions): Promise<Environment>
}

/** `argument`: what the caller would have named it in, for the message; `environment_id` unless said. */
export interface ResolveOptions extends CallOptions {
  readonly argument?: string | undefined
}
