import type { Environment } from '../../src/environments/environment.ts'
import { createNameResolver } from '../../src/environments/resolve.ts'
import { createStaticSource } from '../../src/environments/static.ts'
import type { ToolResult } from '../../src/host/tool-host.ts'
import type { Executor } from '../../src/protocol/executor.ts'
import { createToolHost } from '../../src/tools/invoke.ts'
import type { Machines } from '../../src/tools/tool.ts'
import { type Clock, systemClock } from '../../src/util/clock.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type Logger, silentLogger } from '../../src/util/log.ts'

/** What a client gets to see of a call. */
export interface Answer extends ToolResult {
  /** All texts, joined. */
  readonly text: string
}

export interface ToolCalls extends AsyncDisposable {
  /** Calls a tool; what it throws becomes the words of an error, as in the front. */
  call(name: string, args?: unknown, signal?: AbortSignal): Promise<Answer>
  readonly host: ReturnType<typeof createToolHost>
}

export interface ToolCallsOptions {
  readonly clock?: Clock
  readonly logger?: Logger
  readonly resolver?: Parameters<typeof createToolHost>[0]['resolver']
}

/** The fixed tool set over these executors, by name; the first is the default. */
export function toolsOver(
  executors: Readonly<Record<string, Executor>>,
  options: ToolCallsOptions = {},
): ToolCalls {
  const { clock = systemClock, logger = silentLogger } = options
  const resolver =
    options.resolver ?? createNameResolver([createStaticSource(Object.keys(executors).map(environmentOf))])
  const host = createToolHost({ resolver, machines: machinesOf(executors), logger, clock })
  return {
    host,
    call: (name, args = {}, signal = new AbortController().signal) =>
      host
        .call({}, name, args, { signal, progress: () => {} })
        .catch(inWords)
        .then(withText),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

/** The session ID that an answer names. */
export function sessionIdOf({ text }: Answer): string {
  const [, id] = /session ID (\S+)/.exec(text) ?? []
  if (!id) throw new Error(`No session ID in: ${text}`)
  return id
}

/** The output that an answer holds, with what is said after it. */
export function outputOf({ text }: Answer): string {
  return text.slice(text.indexOf('Output:\n') + 'Output:\n'.length)
}

function machinesOf(executors: Readonly<Record<string, Executor>>): Machines {
  const connected = new Set<string>()
  const executorOf = ({ name }: Environment) => executors[name]!
  return {
    connect(environment) {
      connected.add(environment.name)
      return Promise.resolve(executorOf(environment))
    },
    connected: (environment) =>
      connected.has(environment.name) ? { executor: executorOf(environment), roundTripMs: 1.23 } : undefined,
  }
}

function environmentOf(name: string, at: number): Environment {
  const target = { kind: 'gateway', exeId: `exe_${name}` } as const
  return { name, description: `The ${name}`, isDefault: at === 0, lastSeenAt: undefined, target }
}

function inWords(reason: unknown): ToolResult {
  if (!(reason instanceof BridgeError)) throw reason
  return { content: [{ type: 'text', text: reason.text }], isError: true }
}

function withText(result: ToolResult): Answer {
  const text = result.content.map((one) => (one.type === 'text' ? one.text : '')).join('')
  return { ...result, text }
}
