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
import { ACTING, inputSchema } from './schema.ts'
import type { Tool, ToolContext } from './tool.ts'

const TIMEOUT_MS = { usual: 600_000, most: 3_600_000 } as const

/** What a call of `copy_path` asks for. Paths are as they were written. */
interface CopyPathInput {
  readonly source: { readonly environment: string | undefined; readonly path: string }
  readonly destination: { readonly environment: string | undefined; readonly path: string }
  readonly recursive: boolean
  readonly timeoutMs: number
}

/** Copies a file or a directory within an environment or between two. */
export const copyPathTool: Tool<CopyPathInput> = {
  name: 'copy_path',
  title: 'Copy files between environments',
  description:
    'Copy a file, or with recursive a directory, from one environment (machine) to another, or within one; no byte of it passes through you. A destination that is a directory or ends in "/" gets the source under its own name; missing parents are made; a file that is there is replaced, a directory is merged into. Modes, times and links within directories are kept. All is written beside, compared by sha256 and then renamed (a merge: file by file), so a copy that fails or is cancelled before that leaves the destination as it was. Answers with files, bytes, rate, sha256 and the exact destination.',
  inputSchema: inputSchema(
    {
      source_environment_id: {
        type: 'string',
        description: 'Environment to copy from, from list_environments. Default: the default or only one.',
      },
      source_path: {
        type: 'string',
        description:
          'File or directory: absolute, ~/x, or relative to the working directory of its environment.',
      },
      destination_environment_id: {
        type: 'string',
        description: 'Environment to copy to, may be the same. Default: the default or only one.',
      },
      destination_path: {
        type: 'string',
        description: 'The new path, or a directory to copy into; written like source_path.',
      },
      recursive: {
        type: 'boolean',
        description: 'Copy a directory with all in it. Default: false, which refuses directories.',
      },
      timeout_ms: {
        type: 'integer',
        description: `Ends the copy, and cleans up, after so many ms. 1 to ${TIMEOUT_MS.most}, default ${TIMEOUT_MS.usual}.`,
      },
      transport: {
        type: 'string',
        enum: ['auto', 'http', 'ws'],
        description: 'How bytes travel between two machines. Default: auto. http is not available yet.',
      },
    },
    ['source_path', 'destination_path'],
  ),
  annotations: ACTING,
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
    context.open(input.source.environment),
    context.open(input.destination.environment),
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
