import {
  type Caller,
  type ToolCallOptions,
  type ToolHost,
  type ToolResult,
  textResult,
} from '../host/tool-host.ts'
import type { Logger } from '../util/log.ts'
import { quoteList } from '../util/quote-list.ts'
import { throwIfAborted } from '../util/signals.ts'
import { type Failure, failure, isRecord, type Params, quoted, RPC_ERRORS } from './message.ts'
import { inWords } from './result.ts'

/** Who calls whom, and how the call is ended and its progress told. */
export interface ToolCall extends ToolCallOptions {
  readonly host: ToolHost
  readonly caller: Caller
  readonly logger: Logger
}

/**
 * Carries out one `tools/call`: the tool's result, a thrown reason as a result in words, or an error of the protocol
 * when the params name no tool that this caller may use. Arguments that are not given are an empty object. Never
 * rejects.
 */
export async function callTool(call: ToolCall, params: Params): Promise<ToolResult | Failure> {
  const { name } = params
  const args = params.arguments ?? {}
  if (typeof name !== 'string')
    return failure(RPC_ERRORS.invalidParams, 'Cannot call a tool: "name" must be a text')
  if (!isRecord(args))
    return failure(RPC_ERRORS.invalidParams, `Cannot call ${quoted(name)}: "arguments" must be an object`)
  return inWords<ToolResult | Failure>({
    what: quoted(name),
    work: () => callListed(call, name, args),
    say: (words) => textResult(words, true),
    logger: call.logger,
  })
}

async function callListed(call: ToolCall, name: string, args: Params): Promise<ToolResult | Failure> {
  const { host, caller, signal, progress, logger } = call
  const tools = await host.list(caller)
  if (!tools.some((tool) => tool.name === name)) {
    const names = quoteList(tools.map((tool) => tool.name))
    return failure(RPC_ERRORS.invalidParams, `No tool ${quoted(name)}: there are ${names}`)
  }
  throwIfAborted(signal)
  const startedAt = performance.now()
  try {
    return await host.call(caller, name, args, { signal, progress })
  } finally {
    const ms = Math.round(performance.now() - startedAt)
    logger.debug({ tool: name, ms, aborted: signal.aborted, ...caller }, 'tool called')
  }
}
