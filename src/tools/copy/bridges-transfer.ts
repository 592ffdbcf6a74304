import { createHash } from 'node:crypto'
import { attributesOf, isPrivate } from './attributes.ts'
import type { CopyJob, FileTransfer, Transfer } from './copy-job.ts'
import { FedProcess } from './fed-process.ts'
import { readingPlan } from './limits.ts'
import { openFile } from './open-file.ts'
import { openSink } from './open-sink.ts'
import { pacedOutput } from './paced-process.ts'
import { readBlocks } from './read-blocks.ts'
import { rechunk } from './rechunk.ts'
import { checkTree, makeTreeTarget, PACK, UNPACK } from './tree-stream.ts'

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
  await makeTreeTarget(job, partial)
  const unpack = { consumer: UNPACK, args: [partial], action: 'cannot write there' }
  await using sink = await FedProcess.start(target.executor, unpack, { signal })
  const pack = { producer: PACK, args: [source.path], action: 'cannot read the source' }
  const stream = pacedOutput(source.executor, pack, { signal })
  for await (const piece of rechunk(stream, sink.pieceBytes)) {
    await sink.write(piece, { signal })
    job.progress.moved(piece.byteLength)
  }
  await sink.end({ signal })
}
