import { type ToolResult, textResult } from '../host/tool-host.ts'
import { BridgeError } from '../util/errors.ts'
import { callScope } from '../util/signals.ts'
import { type CopyInput, parseCopyInput } from './copy/copy-input.ts'
import { CopyProgress } from './copy/progress.ts'
import { runCopy } from './copy/run-copy.ts'
import { COPY_PATH } from './info/copy-path.ts'
import type { Tool, ToolContext } from './tool.ts'

/** Copies a file or a directory within an environment, or from one to others. */
export const copyPathTool: Tool<CopyInput> = {
  info: COPY_PATH,
  parse: parseCopyInput,
  run: runCopyPath,
}

async function runCopyPath(context: ToolContext, input: CopyInput): Promise<ToolResult> {
  using scope = callScope({ signal: context.signal, timeoutMs: input.timeoutMs }, 'copy_path')
  const progress = new CopyProgress(context.progress)
  const copyTo = async (name: string | undefined) => {
    const [from, to] = await Promise.all([context.open(input.source.environment), context.open(name)])
    return runCopy(from, to, input, { signal: scope.signal, progress, relay: context.relay })
  }
  const { environments } = input.destination
  if (environments.length === 1) return textResult(await copyTo(environments[0]))
  const outcomes = await Promise.all(environments.map((name) => copyTo(name).catch(BridgeError.from)))
  const texts = outcomes.map((outcome) => (outcome instanceof BridgeError ? outcome.text : outcome))
  return textResult(
    texts.join('\n\n'),
    outcomes.some((outcome) => outcome instanceof BridgeError),
  )
}
