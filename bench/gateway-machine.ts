// The machines of the gateway's benchmark, in a process of their own. Commands come as lines of JSON, each is answered with one.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { type WebSocket, WebSocketServer } from 'ws'
import { RelayStreams } from '../src/executor/relay-streams.ts'
import { generateIdentity } from '../src/gateway/noise/identity.ts'
import { pacedTransport } from '../src/rpc/paced.ts'
import { decodeRelayFrame, encodeRelayFrame } from '../src/rpc/relay-frames.ts'
import type { Transport } from '../src/rpc/transport.ts'
import { systemClock } from '../src/util/clock.ts'
import { DiallingExecutor } from '../test/support/dialling-executor.ts'
import { RawBridge } from '../test/support/raw-bridge.ts'
import type { MachineCommand, MachineKind } from './gateway-fleet.ts'

const CHUNK = Buffer.from(
  JSON.stringify({ method: 'process/output', params: { chunk: 'A'.repeat(48 * 1024) } }),
)
const HIGH_WATER = 1024 * 1024

const identity = generateIdentity()
const executors: DiallingExecutor[] = []
const seqs = new Map<string, number>()
const flooded = new Set<string>()
let greedy: { bridge: RawBridge; bytes: number } | undefined

/** Answers every message with itself, or begins to flood the stream it came on. */
function echo(socket: WebSocket): void {
  socket.on('message', (data: Buffer) => {
    const { streamId, body } = decodeRelayFrame(data)
    if (body.kind === 'reset') flooded.delete(streamId)
    if (body.kind !== 'data') return
    if (isFlood(body.payload)) void flood(socket, streamId)
    else say(socket, streamId, body.payload)
  })
}

/** The same, as `env-mcp executor` has it. */
function echoFairly(socket: WebSocket): void {
  new RelayStreams(pacedTransport(socket, systemClock), {
    opened(stream) {
      let isOver = false
      stream.start({
        frame: (payload) =>
          isFlood(payload) ? void floodFairly(stream, () => isOver) : stream.send(payload),
        closed: () => {
          isOver = true
        },
      })
    },
    closed() {},
  })
}

async function floodFairly(stream: Transport, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    for (let n = 0; n < 4; n++) stream.send(CHUNK)
    await new Promise(setImmediate)
    await stream.drained()
  }
}

function isFlood(payload: Uint8Array): boolean {
  return Buffer.from(payload.subarray(0, 40)).includes('"flood"')
}

function say(socket: WebSocket, streamId: string, payload: Uint8Array): void {
  const seq = seqs.get(streamId) ?? 0
  seqs.set(streamId, seq + 1)
  socket.send(
    encodeRelayFrame({ streamId, body: { kind: 'data', seq, segmentIndex: 0, segmentCount: 1, payload } }),
  )
}

async function flood(socket: WebSocket, streamId: string): Promise<void> {
  flooded.add(streamId)
  while (flooded.has(streamId) && socket.readyState === socket.OPEN) {
    for (let n = 0; n < 4; n++) say(socket, streamId, CHUNK)
    do await new Promise(setImmediate)
    while (socket.bufferedAmount > HIGH_WATER)
  }
}

async function joinAll(kind: MachineKind, url: string, list: readonly (readonly [string, string])[]) {
  const era = kind === 'noise' ? 'noise' : 'relay'
  const rest = [...list]
  const worker = async () => {
    for (let next = rest.pop(); next; next = rest.pop()) {
      const [id, token] = next
      const executor = new DiallingExecutor({
        url,
        id,
        token,
        era,
        heedsCredit: kind === 'ours',
        ...(era === 'noise' ? { identity } : {}),
      })
      executors.push(executor)
      await executor.join()
      if (era === 'noise') continue
      executor.socket!.removeAllListeners('message')
      if (kind === 'ours') echoFairly(executor.socket!)
      else echo(executor.socket!)
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

/** A listening echo without anything between. */
async function listen(): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
  server.on('connection', echo)
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function begin(url: string, exeId: string, token: string): Promise<void> {
  const bridge = await RawBridge.open(url, exeId, token)
  const mine = { bridge, bytes: 0 }
  greedy = mine
  bridge.socket.removeAllListeners('message')
  bridge.socket.on('message', (data: Buffer) => {
    mine.bytes += data.byteLength
  })
  bridge.send(bridge.resume(), '{"method":"flood"}')
  await new Promise((resolve) => setTimeout(resolve, 300))
  mine.bytes = 0
}

/** Bytes on the wire of all idle executors, both ways. */
function traffic(): number {
  return executors.reduce((sum, { socket }) => {
    const raw = (socket as unknown as { _socket: { bytesRead: number; bytesWritten: number } })._socket
    return sum + raw.bytesRead + raw.bytesWritten
  }, 0)
}

async function answer(command: MachineCommand): Promise<unknown> {
  switch (command.kind) {
    case 'listen':
      return await listen()
    case 'join':
      return await joinAll(command.machine, command.url, command.list)
    case 'traffic':
      return traffic()
    case 'flood':
      return await begin(command.url, command.exeId, command.token)
    case 'end-flood': {
      const { bytes, bridge } = greedy!
      greedy = undefined
      bridge.socket.terminate()
      return bytes
    }
  }
}

for await (const line of createInterface(process.stdin))
  console.log(JSON.stringify({ value: await answer(JSON.parse(line)) }))
process.exit(0)
