import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { WebSocket } from 'ws'
import { startExecServer } from '../test/real/support/exec-server.ts'

const BLOCK_BYTES = 1024 * 1024
/** Requests that wait for their answers. */
const WINDOW = 4

/** How long a stock exec-server takes to give a file in blocks, and to take it, on a bare socket; the blocks themselves are not looked at. */
export async function bareBlockTimes(from: string, to: string): Promise<{ readMs: number; writeMs: number }> {
  await using server = await startExecServer('0.169.0')
  const file = await open(from)
  const { size } = await file.stat()
  await file.close()
  const count = Math.ceil(size / BLOCK_BYTES)
  const socket = await greet(server.url)
  const chunk = Buffer.alloc(BLOCK_BYTES, 'x').toString('base64')
  const opened = (handleId: string, path: string, mode: string) =>
    inTurn(socket, 1, () => ({ method: 'fs/open', params: { handleId, path: `file://${path}`, mode } }))
  await opened('r', from, 'read')
  const readMs = await inTurn(socket, count, (n) => ({
    method: 'fs/readBlock',
    params: { handleId: 'r', offset: n * BLOCK_BYTES, len: BLOCK_BYTES },
  }))
  await opened('w', to, 'replace')
  const writeMs = await inTurn(socket, count, (n) => ({
    method: 'fs/writeBlock',
    params: { handleId: 'w', offset: n * BLOCK_BYTES, chunk },
  }))
  socket.terminate()
  return { readMs, writeMs }
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
  const next = () => socket.send(JSON.stringify({ id: sent, ...request(sent++) }))
  while (sent < Math.min(WINDOW, count)) next()
  for (let answered = 0; answered < count; answered++) {
    const [data] = (await once(socket, 'message')) as [Buffer]
    socket.pong()
    if (data.includes('"error"')) throw new Error(data.toString('utf8').slice(0, 200))
    if (sent < count) next()
  }
  return performance.now() - startedAt
}
