import { win32 } from 'node:path'
import type { Executor, FileMetadata } from '../../protocol/executor.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { Place, Source, Target } from './copy-job.ts'
import { isWithin, metadataIfThere, pathsOf } from './machine.ts'

/** What lies at the source. Throws when it cannot be copied: nothing there, neither file nor directory, not `recursive`. */
export async function openSource(
  place: Place,
  { recursive }: { recursive: boolean },
  options: CallOptions,
): Promise<Source> {
  const metadata = await metadataIfThere(place.executor, place.path, options)
  if (!metadata) throw new BridgeError('not_found', 'there is no such source')
  if (metadata.kind === 'other')
    throw new BridgeError(
      'invalid_input',
      'the source is a special file: only files and directories can be copied',
    )
  if (metadata.kind === 'directory' && !recursive)
    throw new BridgeError(
      'invalid_input',
      'the source is a directory: give "recursive": true to copy it with all in it',
    )
  return { ...place, metadata }
}

/**
 * Where exactly the copy goes. A destination that is a directory, or ends in a slash, gets the source under its own name;
 * a link to a file stands for that file. Throws when something of another kind lies there.
 */
export async function resolveTarget(
  destination: Place & { readonly isDirectory: boolean },
  source: Source,
  options: CallOptions,
): Promise<Target> {
  const { executor, environment, path, isDirectory } = destination
  const there = await metadataIfThere(executor, path, options)
  if (there?.kind !== 'directory' && there && isDirectory)
    throw new BridgeError(
      'conflict',
      `${JSON.stringify(path)} is a file there: leave the slash at its end out`,
    )
  const isInto = isDirectory || there?.kind === 'directory'
  const exact = isInto ? pathsOf(executor).join(path, nameOf(source)) : path
  const existing = isInto ? await metadataIfThere(executor, exact, options) : there
  refuseOtherKind(exact, existing, source)
  const isLink = existing?.kind === 'file' && existing.isSymlink
  return {
    executor,
    environment,
    path: isLink ? await executor.canonicalize(exact, options) : exact,
    existing,
  }
}

/** A destination written so means a directory, whether it is there or not: `build/`, `.`, `src/..`. */
export function meansDirectory(written: string, executor: Executor): boolean {
  return pathsOf(executor) === win32 ? /(^|[/\\])\.{0,2}$/.test(written) : /(^|\/)\.{0,2}$/.test(written)
}

function nameOf({ executor, path }: Source): string {
  const name = pathsOf(executor).basename(path)
  if (name === '' || name === '.' || name === '..')
    throw new BridgeError('invalid_input', 'the source has no name of its own: name what it shall become')
  return name
}

function refuseOtherKind(path: string, existing: FileMetadata | undefined, { metadata }: Source): void {
  if (!existing || existing.kind === metadata.kind) return
  const there = existing.kind === 'other' ? 'special file' : existing.kind
  throw new BridgeError(
    'conflict',
    `${JSON.stringify(path)} is a ${there} there and the source is a ${metadata.kind}: remove it first, or choose another name`,
  )
}

/** Refuses a copy of something onto or into itself. Both ends must be on one machine. */
export async function refuseSelf(source: Source, target: Target, options: CallOptions): Promise<void> {
  const from = await source.executor.canonicalize(source.path, options)
  const to = await canonicalTarget(target, options)
  if (to === from) throw new BridgeError('invalid_input', 'both are the same')
  if (source.metadata.kind === 'directory' && isWithin(target.executor, to, from))
    throw new BridgeError('invalid_input', 'the destination lies inside the source')
}

/** The target need not be there, nor its parents: the nearest that is there is made canonical. */
async function canonicalTarget({ executor, path }: Target, options: CallOptions): Promise<string> {
  const { basename, dirname, join } = pathsOf(executor)
  let rest = ''
  for (let at = path; ; at = dirname(at)) {
    if (await metadataIfThere(executor, at, options))
      return join(await executor.canonicalize(at, options), rest)
    if (at === dirname(at)) return path
    rest = join(basename(at), rest)
  }
}
