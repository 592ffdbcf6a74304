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
import { bridgesTransfer } from './copy/bridges-transfer.ts'
import { copyFile } from './copy/copy-file.ts'
import { quotePlace } from './copy/copy-job.ts'
import { copyTree } from './copy/copy-tree.ts'
import { directTransfer } from './copy/direct-transfer.ts'
import { isOneMachine } from './copy/machine.ts'
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
}

/** Copies a file or a directory within an environment or between two. */
export const copyPathTool: Tool<CopyPathInput> = {
  info: COPY_PATH,
  parse: parseCopyPath,
  run: runCopyPath,
}

function parseCopyPath(raw: RawArguments): CopyPathInput {
  const transport = parseOptionalText(raw, 'transport') || 'auto'
  if (transport === 'http')
    throw new BridgeError(
      'invalid_input',
      'Transport "http" is not available: leave transport out, or give "ws"',
    )
  if (transport !== 'auto' && transport !== 'ws')
    throw refusal('transport must be "auto" or "ws"', 'transport', 'auto')
  return {
    source: parseEnd(raw, 'source', '/srv/app/build'),
    destination: parseEnd(raw, 'destination', '/srv/app/', 'target'),
    recursive: parseBoolean(raw, 'recursive', false),
    timeoutMs: parseInteger(raw, 'timeout_ms', { min: 1, max: TIMEOUT_MS.most }) ?? TIMEOUT_MS.usual,
  }
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
    context.open(input.source.environment, 'source_environment_id'),
    context.open(input.destination.environment, 'destination_environment_id'),
  ])
  const transfer = isOneMachine(from.environment, to.environment) ? directTransfer : bridgesTransfer
  const progress = new CopyProgress(context.progress)
  try {
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
