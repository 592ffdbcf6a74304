import { setFlagsFromString } from 'node:v8'
import { applySection } from '../patch/apply.ts'
import { parse } from '../patch/parse.ts'
import type { FileOp, Patch } from '../patch/patch.ts'
import { PatchError } from '../patch/patch-error.ts'
import { resolvePath } from '../patch/paths.ts'
import { LocalFiles } from './local-files.ts'
import { readPatch } from './patch-argument.ts'

/**
 * codex's `apply_patch` on the working directory: the patch as the one argument or on standard input, sections in order until one
 * fails, its words, its exit codes (0 done, 1 not applied, 2 usage). Ours are a leading `--explain` (says more of what does not fit)
 * and `--lenient` (reads more loosely what the format does not allow).
 */
export async function applyPatchCommand(args: readonly string[]): Promise<number> {
  optimiseLate()
  const options = leadingOptions(args)
  const input = await readPatch(args.slice(options.length))
  if ('problem' in input) return fail(input.problem, input.exitCode)
  const parsed = parse(input.text)
  if (!parsed.ok) return fail(parsed.problem)
  return apply(parsed.patch)
}

/** V8 would spend more time on optimising the code than a thousand small files take; loops over a big one still get it. */
function optimiseLate(): void {
  setFlagsFromString('--interrupt-budget=1000000')
}

async function apply({ ops }: Patch): Promise<number> {
  if (ops.length === 0) return fail('No files were modified.')
  const cwd = process.cwd()
  const target = { files: new LocalFiles(), resolve: (path: string) => resolvePath(cwd, path) }
  try {
    for (const op of ops) await applySection(target, op)
  } catch (reason) {
    if (reason instanceof PatchError) return fail(reason.message)
    throw reason
  }
  process.stdout.write(report(ops))
  return 0
}

const LETTERS = { add: 'A', update: 'M', delete: 'D' } as const

/** What was done, by kind, each in the order of the patch. A file that moved stands under its new name. */
function report(ops: readonly FileOp[]): string {
  const lines = (['add', 'update', 'delete'] as const).flatMap((kind) =>
    ops.filter((op) => op.kind === kind).map((op) => `${LETTERS[kind]} ${shownPath(op)}\n`),
  )
  return `Success. Updated the following files:\n${lines.join('')}`
}

function shownPath(op: FileOp): string {
  return op.kind === 'update' ? (op.newPath ?? op.path) : op.path
}

function fail(message: string, exitCode = 1): number {
  process.stderr.write(`${message}\n`)
  return exitCode
}

type Option = '--explain' | '--lenient'

function leadingOptions(args: readonly string[]): Option[] {
  const options: Option[] = []
  for (const arg of args) {
    if (arg !== '--explain' && arg !== '--lenient') break
    options.push(arg)
  }
  return options
}
