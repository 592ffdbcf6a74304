import { createHash } from 'node:crypto'
import { BridgeError } from '../../util/errors.ts'
import { attributesOf, isPrivate } from './attributes.ts'
import type { CopyJob, FileTransfer, Place, Transfer } from './copy-job.ts'
import { FedProcess } from './fed-process.ts'
import { readingPlan } from './limits.ts'
import { isWithin, metadataIfThere } from './machine.ts'
import { openFile } from './open-file.ts'
import { openSink } from './open-sink.ts'
import { pacedOutput } from './paced-process.ts'
import { readBlocks } from './read-blocks.ts'
import { rechunk } from './rechunk.ts'
import { runScript } from './run-script.ts'
import { REMOVE_SPECIAL_FILES } from './special-files.ts'

/** Between two machines, through us, over their bridges: a file block by block, a directory as one tar stream. */
export const bridgesTransfer: Transfer = { name: 'ws', checkTree, file: sendFile, tree: sendTree }

async function sendFile(job: CopyJob, partial: string): Promise<FileTransfer> {
  const { source, target, signal } = job
  const attributes = await attributesOf(source, { signal })
  const hash = createHash('sha256')
  let bytes = 0
  await using sink = await openSink(
    target.executor,
    partial,
    { isPrivate: isPrivate(attributes) },
    { signal },
  )
  for await (const piece of rechunk(sourceBlocks(job), sink.pieceBytes)) {
    hash.update(piece)
    bytes += piece.byteLength
    await sink.write(piece, { signal })
    job.progress.moved(piece.byteLength)
  }
  await sink.end({ signal })
  return { sha256: hash.digest('hex'), bytes, attributes }
}

async function* sourceBlocks({ source, signal }: CopyJob): AsyncGenerator<Uint8Array> {
  const file = await openFile(source.executor, source.path, 'read', { signal })
  try {
    yield* readBlocks(file, source.metadata.size, readingPlan(source.executor), { signal })
  } finally {
    await file.close()
  }
}

async function sendTree(job: CopyJob, partial: string): Promise<void> {
  const { source, target, signal } = job
  const action = 'cannot write there'
  await runScript(target.executor, { script: MAKE_CLOSED, args: [partial], action }, { signal })
  await refuseSharedDisk(job, partial)
  const unpack = { consumer: UNPACK, args: [partial], action }
  await using sink = await FedProcess.start(target.executor, unpack, { signal })
  const pack = { producer: PACK, args: [source.path], action: 'cannot read the source' }
  const stream = pacedOutput(source.executor, pack, { signal })
  for await (const piece of rechunk(stream, sink.pieceBytes)) {
    await sink.write(piece, { signal })
    job.progress.moved(piece.byteLength)
  }
  await sink.end({ signal })
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

const PACK = 'tar -cf - -C "$1" .'

/**
 * Modes as they were (-p), owners not (-o: numbers mean other people there), so setuid and setgid not either; special files
 * not. What follows the end of the archive is read, too: a sender must not find its reader gone.
 */
const UNPACK = `tar -xpof - -C "$1" && cat >/dev/null &&
${REMOVE_SPECIAL_FILES} &&
find "$1" -type f \\( -perm -4000 -o -perm -2000 \\) -exec chmod ug-s {} +`

async function checkTree({ source, target, signal }: CopyJob): Promise<void> {
  for (const place of [source, target]) await requireTar(place, signal)
}

async function requireTar({ executor, environment }: Place, signal: AbortSignal): Promise<void> {
  const request = { script: 'command -v tar || echo', args: [], action: 'cannot look for tar' }
  if ((await runScript(executor, request, { signal })).trim() === '')
    throw new BridgeError(
      'not_found',
      `${JSON.stringify(environment)} has no tar, which copying a directory needs`,
    )
}
