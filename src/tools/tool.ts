import type { Environment, EnvironmentList } from '../environments/environment.ts'
import type { Caller, ToolCallOptions, ToolInfo, ToolResult } from '../host/tool-host.ts'
import type { Executor } from '../protocol/executor.ts'
import type { Relay } from '../protocol/relay.ts'
import type { CallOptions } from '../util/signals.ts'
import type { SessionStore } from './sessions.ts'

/** One tool of the fixed set. `parse` refuses (`invalid_input`) what cannot be used, with the rule and an example. */
export interface Tool<Input> {
  /** What a model reads of it; in `info/`, which is at hand before the rest is loaded. */
  readonly info: ToolInfo
  parse(raw: Readonly<Record<string, unknown>>): Input
  run(context: ToolContext, input: Input): Promise<ToolResult>
}

/** What a call has at hand. Machines are reached through `open` and nothing else. */
export interface ToolContext extends ToolCallOptions {
  readonly caller: Caller
  /** Resolves the name (undefined: the default), asks the policy, connects. `argument`: as in `ResolveOptions`. */
  open(environment: string | undefined, argument?: string): Promise<Workspace>
  /** All environments, asked anew, with the executors that are connected already. */
  environments(): Promise<
    EnvironmentList & { connected(environment: Environment): ConnectedExecutor | undefined }
  >
  readonly sessions: SessionStore
  /** For copies over HTTP; undefined where no gateway, or no secret of it, was given. */
  readonly relay?: Relay | undefined
}

/** An environment that is open. */
export interface Workspace {
  readonly environment: Environment
  readonly executor: Executor
  /** True when there is no other environment, so that results need not name this one. */
  readonly isOnly: boolean
}

/** A machine with a connection, and how far away it is. */
export interface ConnectedExecutor {
  readonly executor: Executor
  readonly roundTripMs: number | undefined
}

/** How `invoke` reaches machines; made in `app/`. */
export interface Machines {
  connect(environment: Environment, options: CallOptions): Promise<Executor>
  connected(environment: Environment): ConnectedExecutor | undefined
}
