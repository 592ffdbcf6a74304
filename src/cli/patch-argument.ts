import { isUtf8 } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { MAX_PATCH_BYTES, tooLargePatch } from '../patch/limits.ts'

/** The text of a patch; or what to say instead, and the exit code that goes with it. */
export type PatchInput = { readonly text: string } | { readonly problem: string; readonly exitCode: number }

/** The patch of a command line: its one argument, or standard input when it has none. */
export async function readPatch(args: readonly string[]): Promise<PatchInput> {
  if (args.length > 1) return usage('Error: apply_patch accepts exactly one argument.')
  const input = args[0] === undefined ? await fromStdin() : fromArgument(args[0])
  if ('text' in input && Buffer.byteLength(input.text) > MAX_PATCH_BYTES)
    return failure(`Error: ${tooLargePatch(Buffer.byteLength(input.text))}`)
  return input
}

/** Node puts U+FFFD where an argument is not UTF-8; the system still has the bytes. */
function fromArgument(argument: string): PatchInput {
  const bytes = argument.includes('\ufffd') ? lastArgument() : undefined
  if (!bytes || isUtf8(bytes)) return { text: argument }
  return failure('Error: apply_patch requires a UTF-8 PATCH argument.')
}

/** The bytes of our last argument, where the system tells (Linux). */
function lastArgument(): Uint8Array | undefined {
  try {
    const all = readFileSync('/proc/self/cmdline')
    return all.subarray(all.lastIndexOf(0, all.length - 2) + 1, all.length - 1)
  } catch {
    return undefined
  }
}

async function fromStdin(): Promise<PatchInput> {
  const bytes = await stdinBytes()
  if (!isUtf8(bytes))
    return failure('Error: Failed to read PATCH from stdin.\nstream did not contain valid UTF-8')
  if (bytes.length === 0) return usage("Usage: apply_patch 'PATCH'\n       echo 'PATCH' | apply_patch")
  return { text: bytes.toString() }
}

/** Reads to the end, or until it is plainly too much. */
async function stdinBytes(): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin) {
    chunks.push(chunk)
    length += chunk.length
    if (length > MAX_PATCH_BYTES) break
  }
  return Buffer.concat(chunks)
}

function failure(problem: string): PatchInput {
  return { problem, exitCode: 1 }
}

function usage(problem: string): PatchInput {
  return { problem, exitCode: 2 }
}
