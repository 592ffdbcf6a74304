import { textResult } from '../host/tool-host.ts'
import { explainProblem } from '../patch/explain-problem.ts'
import { MAX_PATCH_BYTES, tooLargePatch } from '../patch/limits.ts'
import type { Patch } from '../patch/patch.ts'
import { BridgeError } from '../util/errors.ts'
import { parseBoolean, parseOptionalText, type RawArguments, withAliases } from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { APPLY_PATCH } from './info/apply-patch.ts'
import { ExecutorFiles } from './patch/executor-files.ts'
import { Machine } from './patch/machine.ts'
import { readPatch } from './patch/read-patch.ts'
import { type Mode, runSections } from './patch/run-sections.ts'
import { resolvePath } from './paths.ts'
import type { Tool, ToolContext } from './tool.ts'

interface ApplyPatchInput {
  readonly environment: string | undefined
  readonly patch: string
  readonly mode: Mode
}

/** Edits files with a patch in codex's format, or a unified diff. */
export const applyPatchTool: Tool<ApplyPatchInput> = {
  info: APPLY_PATCH,

  parse(raw: RawArguments): ApplyPatchInput {
    const isAtomic = parseBoolean(raw, 'atomic', false)
    const isDryRun = parseBoolean(raw, 'dry_run', false)
    const mode = isDryRun ? 'dry-run' : isAtomic ? 'atomic' : 'each'
    return { environment: parseEnvironment(raw), patch: parsePatchText(raw), mode }
  },

  async run(context, { environment, patch: text, mode }) {
    const { result, notes } = await readPatch(text)
    if (!result.ok) return textResult([result.problem, ...explainProblem(result, text)].join('\n'), true)
    if (result.patch.ops.length === 0) return textResult('No files were modified.', true)
    return applyTo(context, chooseEnvironment(environment, result.patch), { ...result.patch, notes, mode })
  },
}

function parsePatchText(raw: RawArguments): string {
  const text = parseOptionalText(withAliases(raw, 'patch', 'input'), 'patch')
  if (text === undefined) throw new BridgeError('invalid_input', `patch is missing, such as\n${EXAMPLE}`)
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_PATCH_BYTES) throw new BridgeError('invalid_input', tooLargePatch(bytes))
  return text
}

const EXAMPLE = JSON.stringify({
  patch: '*** Begin Patch\n*** Update File: src/a.py\n@@\n-old line\n+new line\n*** End Patch',
})

/** The environment of the call: from its argument or from the patch, which must not say two different things. */
function chooseEnvironment(argument: string | undefined, { environment }: Patch): string | undefined {
  if (argument === undefined || environment === undefined || argument === environment)
    return argument ?? environment
  throw new BridgeError(
    'invalid_input',
    `environment_id is ${JSON.stringify(argument)}, but the patch is for ${JSON.stringify(environment)}: name one of them`,
  )
}

interface Job extends Patch {
  readonly mode: Mode
  readonly notes: readonly string[]
}

async function applyTo(context: ToolContext, name: string | undefined, { ops, mode, notes }: Job) {
  const { environment, executor, isOnly } = await context.open(name)
  const open = async () => (await context.open(environment.name)).executor
  const target = {
    files: new ExecutorFiles(new Machine({ open, signal: context.signal })),
    resolve: (path: string) => resolvePath(path, executor.info),
  }
  const outcomes = await runSections(ops, target, mode)
  const { reportText } = await import('./patch/report.ts')
  const where = isOnly ? '' : ` on ${JSON.stringify(environment.name)}`
  const isError = outcomes.some(({ state }) => state !== 'done')
  return textResult(reportText({ ops, outcomes, mode, where, notes }), isError)
}
