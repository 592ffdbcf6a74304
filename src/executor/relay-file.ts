import { pipeline } from 'node:stream/promises'
import type { RelayOutcome } from '../protocol/relay.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { openForUpdate, openReadable } from './open-place.ts'
import type { Places } from './places.ts'
import { attempt, Refusal } from './refusal.ts'
import { downloadFrom, failureIn, type RelayAddress, uploadTo } from './relay-http.ts'

/** A file of this machine, from a place in it on. */
export interface FilePart {
  readonly path: string
  readonly offset: number
  readonly places: Places
  readonly address: RelayAddress
}

/** Sends a file under a ticket. Rejects with what the system says of the file. */
export async function sendFile(
  { path, offset, places, address }: FilePart,
  signal: AbortSignal,
): Promise<RelayOutcome> {
  const action = `Cannot read ${JSON.stringify(path)}`
  await using file = await openReadable(places, path, action)
  const { size } = await attempt(action, () => file.stat())
  const length = Math.max(0, size - offset)
  let bytes = 0
  const pieces = async function* () {
    // Files of /proc say that they have no size: they are read to their end.
    const stream = file.createReadStream({
      ...{ start: offset, autoClose: false, highWaterMark: EXECUTOR_LIMITS.relayPieceBytes },
      ...(length > 0 && { end: size - 1 }),
    })
    for await (const piece of stream) {
      bytes += piece.length
      yield piece
    }
    if (bytes < length) throw new Refusal('conflict', action, 'it was cut while it was read')
  }
  const failure = await failureIn(() =>
    attempt(action, () => uploadTo(address, pieces(), length > 0 ? length : undefined, signal)),
  )
  return { bytes, failure }
}

/** Receives a file under a ticket: makes it, if need be, and writes it from the offset on; what lay behind that is gone. */
export async function receiveFile(
  { path, offset, places, address }: FilePart,
  signal: AbortSignal,
): Promise<RelayOutcome> {
  const action = `Cannot write ${JSON.stringify(path)}`
  await using file = await openForUpdate(places, path, action)
  await attempt(action, () => file.truncate(offset))
  // It closes the file, which does not close while the stream lives.
  const into = file.createWriteStream({ start: offset, highWaterMark: EXECUTOR_LIMITS.relayQueueBytes })
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
