import { BridgeError } from '../../util/errors.ts'
import type { CopyJob, Place } from './copy-job.ts'
import { isWithin, metadataIfThere } from './machine.ts'
import { runScript } from './run-script.ts'
import { REMOVE_SPECIAL_FILES } from './special-files.ts'

/** Refuses a directory that cannot go as a tar stream. */
export async function checkTree({ source, target, signal }: CopyJob): Promise<void> {
  for (const place of [source, target]) await requireTar(place, signal)
}

/** Makes the directory that a tar stream is to fill. Refuses one that lies inside the source. */
export async function makeTreeTarget(job: CopyJob, partial: string): Promise<void> {
  const { target, signal } = job
  const request = { script: MAKE_CLOSED, args: [partial], action: 'cannot write there' }
  await runScript(target.executor, request, { signal })
  await refuseSharedDisk(job, partial)
}

/** Shell text that writes the directory $1 as a tar stream. */
export const PACK = 'tar -cf - -C "$1" .'

/**
 * Shell text that fills the directory $1 from one. Modes as they were (-p), owners not (-o: numbers mean other people there), so setuid and setgid not either; special files
 * not. What follows the end of the archive is read, too: a sender must not find its reader gone.
 */
export const UNPACK = `tar -xpof - -C "$1" && cat >/dev/null &&
${REMOVE_SPECIAL_FILES} &&
find "$1" -type f \\( -perm -4000 -o -perm -2000 \\) -exec chmod ug-s {} +`

async function requireTar({ executor, environment }: Place, signal: AbortSignal): Promise<void> {
  const request = { script: 'command -v tar || echo', args: [], action: 'cannot look for tar' }
  if ((await runScript(executor, request, { signal })).trim() === '')
    throw new BridgeError(
      'not_found',
      `${JSON.stringify(environment)} has no tar, which copying a directory needs`,
    )
}

/** Two environments may see one disk: a copy within the source would then be packed into itself without end. */
async function refuseSharedDisk({ source, signal }: CopyJob, partial: string): Promise<void> {
  if (!isWithin(source.executor, partial, source.path)) return
  if (await metadataIfThere(source.executor, partial, { signal }))
    throw new BridgeError(
      'invalid_input',
      'the destination lies inside the source, for both environments see one disk',
    )
}

/** Nobody else looks in while it fills; the archive's own entry for it gives it its mode. */
const MAKE_CLOSED = 'umask 077 && mkdir "$1"'
