import { createHash } from 'node:crypto'
import { BridgeError } from '../../util/errors.ts'
import type { CopyJob, FileTransfer, FileWork, Place, Transfer, TreeWork } from './copy-job.ts'
import { digHoles } from './dig-holes.ts'
import { FedProcess } from './fed-process.ts'
import { readingPlan } from './limits.ts'
import { openFile } from './open-file.ts'
import { openSink } from './open-sink.ts'
import { pacedOutput } from './paced-process.ts'
import { readBlocks } from './read-blocks.ts'
import { rechunk } from './rechunk.ts'
import { tarOf } from './tar.ts'
import { PACK, UNPACK } from './tree-scripts.ts'

/** Between two machines, through us, over their bridges: a file block by block, a directory as one tar stream. */
export const bridgesTransfer: Transfer = { name: 'ws', checkTree, file: sendFile, tree: sendTree }

async function sendFile(job: CopyJob, { partial, offset, attributes }: FileWork): Promise<FileTransfer> {
  const { target, signal } = job
  const hash = offset === 0 ? createHash('sha256') : undefined
  let bytes = offset
  await using sink = await openSink(
    target.executor,
    partial,
    { offset, isSparse: attributes.isSparse },
    { signal },
  )
  const blocks = job.seat.read(`from ${offset}`, () => sourceBlocks(job, offset))
  for await (const piece of rechunk(blocks, sink.pieceBytes)) {
    hash?.update(piece)
    bytes += piece.byteLength
    await sink.write(piece, { signal })
    job.progress.moved(piece.byteLength)
  }
  await sink.end({ signal })
  if (attributes.isSparse && !sink.keepsHoles) await digHoles(target.executor, partial, { signal })
  return { sha256: hash?.digest('hex'), bytes, keepsAttributes: false }
}

async function* sourceBlocks({ source, signal }: CopyJob, from: number): AsyncGenerator<Uint8Array> {
  const file = await openFile(source.executor, source.path, 'read', { signal })
  const range = { from, size: source.metadata.size }
  try {
    yield* readBlocks(file, range, readingPlan(source.executor), { signal })
  } finally {
    await file.close()
  }
}

async function sendTree(job: CopyJob, { partial, names }: TreeWork): Promise<void> {
  const { source, target, signal } = job
  const unpack = { consumer: UNPACK, args: [partial], action: 'cannot write there' }
  await using sink = await FedProcess.start(target.executor, unpack, { signal })
  const holes = await holesOption(job)
  const pack = { producer: PACK, args: [source.path, names, holes], action: 'cannot read the source' }
  const make = () => pacedOutput(source.executor, pack, { signal })
  // Others may need another part, and its list is gone when this copy ends.
  if (names !== '') job.seat.leave()
  const stream = names === '' ? job.seat.read(`all ${holes}`, make) : make()
  for await (const piece of rechunk(stream, sink.pieceBytes)) {
    await sink.write(piece, { signal })
    job.progress.moved(piece.byteLength)
  }
  await sink.end({ signal })
}

/** What `PACK` is told of holes. Only GNU's tar packs them in a stream, and only some can unpack them. */
export async function holesOption({ source, target, signal }: CopyJob): Promise<string> {
  const [from, to] = await Promise.all([source, target].map(({ executor }) => tarOf(executor, { signal })))
  return from === 'gnu' && (to === 'gnu' || to === 'bsd') ? '-S' : ''
}

/** Refuses a directory that cannot go as a tar stream. */
export async function checkTree({ source, target, signal }: CopyJob): Promise<void> {
  await Promise.all([source, target].map((place) => requireTar(place, signal)))
}

async function requireTar({ executor, environment }: Place, signal: AbortSignal): Promise<void> {
  if ((await tarOf(executor, { signal })) === 'none')
    throw new BridgeError(
      'not_found',
      `${JSON.stringify(environment)} has no tar, which copying a directory needs`,
    )
}
