import { textResult } from '../host/tool-host.ts'
import { applySection } from '../patch/apply.ts'
import type { FileKind, Files } from '../patch/files.ts'
import { parsePatch } from '../patch/parse.ts'
import type { FileOp } from '../patch/patch.ts'
import type { Executor } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import { parseText, type RawArguments, withAliases } from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { resolvePath } from './paths.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'
import type { Tool } from './tool.ts'

interface ApplyPatchInput {
  readonly environment: string | undefined
  readonly patch: string
}

/** Edits files with a patch in codex's format, section by section. */
export const applyPatchTool: Tool<ApplyPatchInput> = {
  name: 'apply_patch',
  title: 'Edit files with a patch',
  description:
    'Edit files on a machine with a patch: "*** Begin Patch", then sections "*** Add File: p" (lines with +), "*** Delete File: p", "*** Update File: p" (optional "*** Move to: q"; hunks: "@@", lines with " ", "-", "+"), then "*** End Patch".',
  inputSchema: inputSchema(
    { environment_id: PROPERTIES.environment_id, patch: { type: 'string', description: 'The patch.' } },
    ['patch'],
  ),
  annotations: ACTING,
  parse: (raw: RawArguments) => ({
    environment: parseEnvironment(raw),
    patch: parseText(
      withAliases(raw, 'patch', 'input'),
      'patch',
      '*** Begin Patch\n*** Delete File: a.txt\n*** End Patch',
    ),
  }),
  async run(context, input) {
    const ops = parsePatch(input.patch)
    const { executor } = await context.open(input.environment)
    const target = {
      files: executorFiles(executor),
      resolve: (path: string) => resolvePath(path, executor.info),
    }
    const lines: string[] = []
    let failed = 0
    for (const op of ops) {
      try {
        await applySection(target, op)
        lines.push(`${letterOf(op)} ${nameOf(op)}: ok`)
      } catch (error) {
        failed++
        lines.push(`${letterOf(op)} ${op.path}: error: ${BridgeError.from(error).message}`)
      }
    }
    const first = `${ops.length - failed} of ${ops.length} sections applied`
    return textResult([first, ...lines].join('\n'), failed > 0)
  },
}

function letterOf(op: FileOp): string {
  return { add: 'A', delete: 'D', update: 'M' }[op.kind]
}

function nameOf(op: FileOp): string {
  return op.kind === 'update' && op.newPath ? `${op.path} → ${op.newPath}` : op.path
}

function executorFiles(executor: Executor): Files {
  const kindOf = async (path: string): Promise<FileKind | undefined> => {
    try {
      return (await executor.metadata(path)).kind
    } catch (error) {
      if (BridgeError.from(error).code === 'not_found') return undefined
      throw error
    }
  }
  return {
    kindOf,
    read: (path) => executor.readFile(path),
    write: (path, bytes) => executor.writeFile(path, bytes),
    rename: (from, to) => executor.rename(from, to),
    remove: (path) => executor.remove(path, { recursive: false, force: false }),
    makeDirectory: (path) => executor.createDirectory(path, { recursive: true }),
    isSame: async (a, b) => a === b,
  }
}
