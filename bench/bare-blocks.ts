import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { WebSocket } from 'ws'
import { deferred } from '../src/util/deferred.ts'
import type { ExecServer } from '../test/real/support/exec-server.ts'

const BLOCK_BYTES = 1024 * 1024
/** Requests that wait for their answers. */
const WINDOW = 4

/** How long one exec-server takes to give a file in blocks, and another to take it, each on a bare socket; what is in them is not looked at. */
export async function bareBlockTimes({
  reader,
  writer,
  from,
  to,
}: {
  reader: ExecServer
  writer: ExecServer
  from: string
  to: string
}): Promise<{ readMs: number; writeMs: number }> {
  const count = Math.ceil((await stat(from)).size / BLOCK_BYTES)
  const chunk = Buffer.alloc(BLOCK_BYTES, 'x').toString('base64')
  return {
    readMs: await timeBlocks(reader, { path: from, mode: 'read' }, count, (offset) => ({
      method: 'fs/readBlock',
      params: { handleId: 'f', offset, len: BLOCK_BYTES },
    })),
    writeMs: await timeBlocks(writer, { path: to, mode: 'replace' }, count, (offset) => ({
      method: 'fs/writeBlock',
      params: { handleId: 'f', offset, chunk },
    })),
  }
}

async function timeBlocks(
  { url }: ExecServer,
  { path, mode }: { path: string; mode: string },
  count: number,
  request: (offset: number) => { method: string; params: object },
): Promise<number> {
  const socket = await greet(url)
  const params = { handleId: 'f', path: `file://${path}`, mode }
  await inTurn(socket, 1, () => ({ method: 'fs/open', params }))
  const time = await inTurn(socket, count, (n) => request(n * BLOCK_BYTES))
  socket.terminate()
  return time
}

async function greet(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 16 * BLOCK_BYTES })
  await once(socket, 'open')
  await inTurn(socket, 1, () => ({ method: 'initialize', params: { clientName: 'bench' } }))
  socket.send('{"method":"initialized","params":{}}')
  return socket
}

/** Sends so many requests, a few at a time; gives the time until the last answer, in ms. */
async function inTurn(
  socket: WebSocket,
  count: number,
  request: (n: number) => { method: string; params: object },
): Promise<number> {
  const startedAt = performance.now()
  let sent = 0
  let answered = 0
  const done = deferred<void>()
  const next = () => socket.send(JSON.stringify({ id: sent, ...request(sent++) }))
  // Several may come in one turn.
  const onMessage = (data: Buffer) => {
    socket.pong()
    if (data.includes('"error"')) return done.reject(new Error(data.toString('utf8').slice(0, 200)))
    if (sent < count) next()
    if (++answered === count) done.resolve()
  }
  socket.on('message', onMessage)
  while (sent < Math.min(WINDOW, count)) next()
  await done.promise
  socket.off('message', onMessage)
  return performance.now() - startedAt
}
