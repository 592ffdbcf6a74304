import type { NameResolver, ResolveOptions } from '../environments/environment.ts'
import type { Caller, ToolCallOptions, ToolHost, ToolInfo, ToolResult } from '../host/tool-host.ts'
import type { Relay } from '../protocol/relay.ts'
import { withCallIds } from '../util/call-ids.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { nearest } from '../util/nearest.ts'
import { quoteList } from '../util/quote-list.ts'
import { type CallScope, callScope, waitFor } from '../util/signals.ts'
import { TOOLS } from './index.ts'
import { TOOL_INFOS } from './info/list.ts'
import { SessionStore } from './sessions.ts'
import type { Machines, Tool, ToolContext, Workspace } from './tool.ts'

export interface ToolHostOptions {
  readonly resolver: NameResolver
  readonly machines: Machines
  readonly relay?: Relay | undefined
  readonly logger: Logger
  readonly clock?: Clock
}

/** How long calls that run may take to clean up when the host is disposed. */
const DISPOSE_MS = 2000

/**
 * The fixed tool set as a host: the one door to the tools. Disposing it aborts the calls that run, so that each ends what it
 * has started, and waits for them, bounded; sessions that were handed out run on.
 */
export function createToolHost(options: ToolHostOptions): ToolHost & AsyncDisposable {
  return new LocalToolHost(options)
}

class LocalToolHost implements ToolHost, AsyncDisposable {
  readonly #options: ToolHostOptions
  readonly #sessions: SessionStore
  readonly #running = new Map<CallScope, Promise<unknown>>()
  #ended: BridgeError | undefined

  constructor(options: ToolHostOptions) {
    this.#options = options
    this.#sessions = new SessionStore(options.clock ?? systemClock)
  }

  list(): Promise<readonly ToolInfo[]> {
    return Promise.resolve(TOOL_INFOS)
  }

  async call(caller: Caller, name: string, args: unknown, options: ToolCallOptions): Promise<ToolResult> {
    const tool = toolOf(name)
    const input = tool.parse(recordOf(args, name))
    using scope = callScope({ signal: options.signal })
    if (this.#ended) scope.abort(this.#ended)
    const context = this.#contextOf({ ...options, signal: scope.signal }, caller)
    const call = withCallIds(caller, () => tool.run(context, input))
    this.#running.set(scope, call)
    try {
      return await call
    } finally {
      this.#running.delete(scope)
    }
  }

  /** The list never changes. */
  onChange(): () => void {
    return () => {}
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = new BridgeError('canceled', 'The server ends')
    for (const running of this.#running.keys()) running.abort(this.#ended)
    using scope = callScope({ timeoutMs: DISPOSE_MS })
    await waitFor(Promise.allSettled(this.#running.values()), scope.signal).catch(() => {})
    const left = this.#sessions.list().filter((session) => !session.isOver)
    if (left.length > 0)
      this.#options.logger.info({ sessions: left.map(({ id }) => id) }, 'sessions left running')
    this.#sessions[Symbol.dispose]()
    await waitFor(this.#sessions.hosted(), scope.signal).catch(() => {})
  }

  #contextOf(options: ToolCallOptions, caller: Caller): ToolContext {
    const { resolver, machines, relay } = this.#options
    return {
      ...options,
      caller,
      relay,
      sessions: this.#sessions,
      open: (environment, argument) => this.#open(environment, { argument, signal: options.signal }),
      environments: async () => ({
        ...(await resolver.list({ refresh: true, signal: options.signal })),
        connected: (environment) => machines.connected(environment),
      }),
    }
  }

  async #open(name: string | undefined, options: ResolveOptions): Promise<Workspace> {
    const { resolver, machines } = this.#options
    const environment = await resolver.resolve(name, options)
    const executor = await machines.connect(environment, { signal: options.signal })
    return { environment, executor, isOnly: await this.#isOnly() }
  }

  /** Asks only what is at hand: a gateway that is away must not hold up a machine that does not need it. */
  async #isOnly(): Promise<boolean> {
    const list = this.#options.resolver.list().catch(() => undefined)
    const turn = new Promise<undefined>((resolve) => void setImmediate(resolve, undefined))
    return (await Promise.race([list, turn]))?.environments.length === 1
  }
}

function toolOf(name: string): Tool<unknown> {
  const tool = TOOLS.find(({ info }) => info.name === name)
  if (tool) return tool
  const names = TOOL_INFOS.map((one) => one.name)
  const meant = nearest(name, names)
  const action = `No tool ${JSON.stringify(name.slice(0, 80))}${meant ? `, nearest is "${meant}"` : ''}`
  throw new BridgeError('not_found', `${action}: there are ${quoteList(names)}`)
}

function recordOf(args: unknown, name: string): Readonly<Record<string, unknown>> {
  if (args === undefined || args === null) return {}
  if (typeof args === 'object' && !Array.isArray(args)) return { ...args }
  throw new BridgeError(
    'invalid_input',
    `The arguments of ${name} must be an object, such as {"path": "src/main.c"}`,
  )
}
