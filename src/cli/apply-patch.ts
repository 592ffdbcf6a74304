import { setFlagsFromString } from 'node:v8'
import { readPatch } from './patch-argument.ts'
import { runPatch } from './run-patch.ts'

/**
 * codex's `apply_patch` on the working directory: the patch as the one argument or on standard input, codex's words and exit codes
 * (0 done, 1 not applied, 2 usage). Ours are a leading `--explain`, which says more on standard error, and `--lenient`, which reads
 * what is not quite in the format when it can be meant in one way only.
 */
export async function applyPatchCommand(args: readonly string[]): Promise<number> {
  optimiseLate()
  const { explain, lenient, count } = leadingOptions(args)
  const input = await readPatch(args.slice(count))
  const outcome =
    'text' in input
      ? await runPatch(input.text, { cwd: process.cwd(), explain, lenient })
      : { exitCode: input.exitCode, stdout: '', stderr: `${input.problem}\n` }
  process.stdout.write(outcome.stdout)
  process.stderr.write(outcome.stderr)
  return outcome.exitCode
}

/** V8 would spend more time on optimising the code than a thousand small files take; loops over a big one still get it. */
function optimiseLate(): void {
  setFlagsFromString('--interrupt-budget=1000000')
}

/** Only what stands in front is an option: anything else is a patch. */
function leadingOptions(args: readonly string[]) {
  const isPatch = (arg: string) => arg !== '--explain' && arg !== '--lenient'
  const first = args.findIndex(isPatch)
  const count = first === -1 ? args.length : first
  const options = args.slice(0, count)
  return { explain: options.includes('--explain'), lenient: options.includes('--lenient'), count }
}
