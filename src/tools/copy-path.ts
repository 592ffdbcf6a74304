import { type ToolResult, textResult } from '../host/tool-host.ts'
import { BridgeError } from '../util/errors.ts'
import { callScope } from '../util/signals.ts'
import {
  parseBoolean,
  parseInteger,
  parseOptionalText,
  parseText,
  type RawArguments,
  refusal,
  withAliases,
} from './arguments.ts'
import { chooseTransfer, type Transport } from './copy/choose-transfer.ts'
import { copyFile } from './copy/copy-file.ts'
import { quotePlace } from './copy/copy-job.ts'
import { copyTree } from './copy/copy-tree.ts'
import { withParents } from './copy/parents.ts'
import { planCopy } from './copy/plan-copy.ts'
import { CopyProgress } from './copy/progress.ts'
import { describeCopy } from './copy/report.ts'
import { COPY_PATH, TIMEOUT_MS } from './info/copy-path.ts'
import type { Tool, ToolContext } from './tool.ts'

/** What a call of `copy_path` asks for. Paths are as they were written. */
interface CopyPathInput {
  readonly source: { readonly environment: string | undefined; readonly path: string }
  readonly destination: { readonly environment: string | undefined; readonly path: string }
  readonly recursive: boolean
  readonly timeoutMs: number
  readonly transport: Transport
}

/** Copies a file or a directory within an environment or between two. */
export const copyPathTool: Tool<CopyPathInput> = {
  info: COPY_PATH,
  parse: parseCopyPath,
  run: runCopyPath,
}

function parseCopyPath(raw: RawArguments): CopyPathInput {
  return {
    transport: parseTransport(raw),
    source: parseEnd(raw, 'source', '/srv/app/build'),
    destination: parseEnd(raw, 'destination', '/srv/app/', 'target'),
    recursive: parseBoolean(raw, 'recursive', false),
    timeoutMs: parseInteger(raw, 'timeout_ms', { min: 1, max: TIMEOUT_MS.most }) ?? TIMEOUT_MS.usual,
  }
}

function parseTransport(raw: RawArguments): Transport {
  const transport = parseOptionalText(raw, 'transport') || 'auto'
  if (transport === 'auto' || transport === 'http' || transport === 'ws') return transport
  throw refusal('transport must be "auto", "http" or "ws"', 'transport', 'auto')
}

/** One end. `alias`: how codex names it; an environment that was overlooked would be a copy to the wrong machine. */
function parseEnd(raw: RawArguments, end: string, example: string, alias = end): CopyPathInput['source'] {
  const [environment, path] = [`${end}_environment_id`, `${end}_path`]
  const others = [`${end}_environment`, `${alias}_environment_id`, `${alias}_environment`]
  const named = withAliases(withAliases(raw, environment, ...others), path, `${alias}_path`)
  return {
    environment: parseOptionalText(named, environment) || undefined,
    path: parseText(named, path, example),
  }
}

async function runCopyPath(context: ToolContext, input: CopyPathInput): Promise<ToolResult> {
  const startedMs = performance.now()
  using scope = callScope({ signal: context.signal, timeoutMs: input.timeoutMs }, 'copy_path')
  const [from, to] = await Promise.all([
    context.open(input.source.environment),
    context.open(input.destination.environment),
  ])
  const progress = new CopyProgress(context.progress)
  try {
    const transfer = chooseTransfer(from, to, { transport: input.transport, relay: context.relay })
    const job = await planCopy(from, to, { ...input, signal: scope.signal, progress })
    const outcome = await withParents(job.target.executor, job.target.path, { signal: scope.signal }, () =>
      job.source.metadata.kind === 'directory' ? copyTree(job, transfer) : copyFile(job, transfer),
    )
    return textResult(describeCopy(job, transfer, outcome, performance.now() - startedMs))
  } catch (reason) {
    const error = BridgeError.from(reason)
    const source = quotePlace({ environment: from.environment.name, path: input.source.path })
    const destination = quotePlace({ environment: to.environment.name, path: input.destination.path })
    throw new BridgeError(error.code, `Cannot copy ${source} to ${destination}: ${error.message}`, {
      cause: error,
    })
  }
}
