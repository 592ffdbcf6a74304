import { type ToolResult, textResult } from '../host/tool-host.ts'
import { deferred } from '../util/deferred.ts'
import { reasonOf } from '../util/signals.ts'
import { type CopyInput, parseCopyInput } from './copy/copy-input.ts'
import { CopySession } from './copy/copy-session.ts'
import { RunningCopy } from './copy/running-copy.ts'
import { COPY_PATH, MAX_WAIT_MS } from './info/copy-path.ts'
import type { Tool, ToolContext } from './tool.ts'

/** Copies a file or a directory within an environment, or from one to others. */
export const copyPathTool: Tool<CopyInput> = {
  info: COPY_PATH,
  parse: parseCopyInput,
  run: runCopyPath,
}

async function runCopyPath(context: ToolContext, input: CopyInput): Promise<ToolResult> {
  const copy = new RunningCopy(context, input)
  const answer = await withinWait(context, copy, Math.min(input.timeoutMs, MAX_WAIT_MS))
  return answer ? textResult(answer.text, answer.isError) : goOn(context, copy, input)
}

/** The answer, if it comes within the wait. A call that is canceled ends the copy, and waits until that has cleaned up. */
async function withinWait({ signal, sessions }: ToolContext, copy: RunningCopy, waitMs: number) {
  const cancel = () => copy.cancel(reasonOf(signal))
  if (signal.aborted) cancel()
  else signal.addEventListener('abort', cancel, { once: true })
  const over = deferred<undefined>()
  using _timer = sessions.clock.after(waitMs, () => over.resolve(undefined))
  try {
    return await Promise.race([copy.answer, over.promise])
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Makes a session of a copy that takes longer than its call. */
async function goOn(context: ToolContext, copy: RunningCopy, input: CopyInput): Promise<ToolResult> {
  const { sessions } = context
  const workspace = await context.open(input.destination.environments[0], 'destination_environment_id')
  const work = new CopySession(copy, workspace.executor.features, () => sessions.clock.now())
  const { id } = sessions.host(workspace, work, ['copy_path', input.source.path, input.destination.path])
  const call = JSON.stringify({ session_id: id, wait_for: 'exit' })
  return textResult(
    `Copy running with session ID ${id}\nSo far: ${copy.standing}\n[read_output ${call} waits for its end and has the answer; terminate ends it, and what has arrived is kept]`,
  )
}
