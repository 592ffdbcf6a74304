import { randomUUID } from 'node:crypto'
import { Base64 } from '../rpc/base64.ts'
import { RpcError } from '../rpc/peer.ts'
import { BridgeError } from '../util/errors.ts'
import type { DurableConnection } from './durable-connection.ts'
import type { RemoteProcess } from './process.ts'

/** Writes a piece to the standard input of a process, under an id by which the executor knows it again. */
export async function sendInput(
  connection: DurableConnection,
  process: RemoteProcess,
  piece: Uint8Array,
): Promise<void> {
  const write = { processId: process.id, chunk: new Base64(piece), writeId: randomUUID() }
  let isRepeated = false
  const beforeSend = (isRepeat: boolean) => {
    isRepeated = isRepeat
    // It would hold back the request that ends the process.
    if (isRepeat && process.isEnding)
      throw new BridgeError('conflict', `Cannot write to ${process.label}: it is being terminated`)
  }
  const { status } = await connection.call('process/write', write, { beforeSend })
  if (status !== 'accepted') throw refused(status, process, isRepeated)
}

/** Ends the standard input of a process, once, however often the request is lost. */
export async function closeInput(connection: DurableConnection, processId: string): Promise<void> {
  let isRepeated = false
  const beforeSend = (isRepeat: boolean) => {
    isRepeated = isRepeat
  }
  try {
    await connection.call('process/closeStdin', { processId }, { beforeSend })
  } catch (error) {
    // The first request has closed it.
    if (!isRepeated || !(error instanceof RpcError) || !/input is closed/.test(error.message)) throw error
  }
}

function refused(
  status: 'stdinClosed' | 'starting' | 'unknownProcess',
  { label, output }: RemoteProcess,
  isRepeated: boolean,
): BridgeError {
  const action = `Cannot write to ${label}`
  // The first request, whose answer was lost, may have been in time.
  const fate = isRepeated ? '; unknown: it may have taken what was sent before the connection was lost' : ''
  switch (status) {
    case 'stdinClosed':
      return new BridgeError('conflict', `${action}: its input is closed${fate}`)
    case 'starting':
      return new BridgeError('unavailable', `${action}: it is still starting, try again${fate}`)
    case 'unknownProcess':
      return output.buffer.exited
        ? new BridgeError('conflict', `${action}: it has exited${fate}`)
        : new BridgeError('process_lost', `${action}: the executor does not know it${fate}`)
  }
}
