import { createHash } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type { RelayOutcome } from '../protocol/relay.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { openReadable, openWritable } from './open-place.ts'
import type { Places } from './places.ts'
import { attempt, Refusal } from './refusal.ts'
import { downloadFrom, failureIn, type RelayAddress, uploadTo } from './relay-http.ts'

/** Sends a file of this machine under a ticket, with its sha256. Rejects with what the system says of the file. */
export async function sendFile(
  { path, places, address }: { path: string; places: Places; address: RelayAddress },
  signal: AbortSignal,
): Promise<RelayOutcome> {
  const action = `Cannot read ${JSON.stringify(path)}`
  await using file = await openReadable(places, path, action)
  const { size } = await attempt(action, () => file.stat())
  const hash = createHash('sha256')
  let bytes = 0
  const pieces = async function* () {
    // Files of /proc say that they have no size: they are read to their end.
    const stream = file.createReadStream({
      ...{ start: 0, autoClose: false, highWaterMark: EXECUTOR_LIMITS.relayPieceBytes },
      ...(size > 0 && { end: size - 1 }),
    })
    for await (const piece of stream) {
      hash.update(piece)
      bytes += piece.length
      yield piece
    }
    if (bytes < size) throw new Refusal('conflict', action, 'it was cut while it was read')
  }
  const failure = await failureIn(() =>
    attempt(action, () => uploadTo(address, pieces(), size > 0 ? size : undefined, signal)),
  )
  return { bytes, sha256: hash.digest('hex'), failure }
}

/** Receives a file under a ticket: makes or truncates it. Rejects with what the system says of it. */
export async function receiveFile(
  { path, places, address }: { path: string; places: Places; address: RelayAddress },
  signal: AbortSignal,
): Promise<RelayOutcome> {
  const action = `Cannot write ${JSON.stringify(path)}`
  await using file = await openWritable(places, path, action)
  // It closes the file, which does not close while the stream lives.
  const into = file.createWriteStream({ start: 0, highWaterMark: EXECUTOR_LIMITS.relayQueueBytes })
  let bytes = 0
  const pieces = async function* () {
    for await (const piece of downloadFrom(address, signal)) {
      bytes += piece.length
      yield piece
    }
  }
  const failure = await failureIn(() => attempt(action, () => pipeline(pieces, into)))
  return { bytes, failure }
}
