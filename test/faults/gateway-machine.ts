import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openState } from '../../src/gateway/state.ts'
import { mintJoinToken, mintWorkspaceToken, secondsNow } from '../../src/gateway/tokens.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { type ExecutorKind, type Machine, machineOfCodex, startOurs } from './machines.ts'
import { settle } from './settle.ts'

export const WORKSPACE = 'faults'

/** How long the executor may take to register and connect on a busy machine, in ms. */
const CONNECT_MS = 20_000

/** An executor that dials in to a gateway, each in a process of its own. Its `url` is the gateway's. */
export interface GatewayMachine extends Machine {
  /** Where the gateway lists its machines. */
  readonly listUrl: string
  /** Another token for the workspace at each call. */
  mintToken(): string
  /** Cuts the connection between the executor and the gateway. */
  cutExecutor(): void
  /** Ends the gateway as a crash does. */
  killGateway(): Promise<void>
  /** Starts it again on what it has written down. */
  restartGateway(): Promise<void>
}

/** Starts both, and waits until the executor is connected. */
export async function startGatewayMachine(
  kind: ExecutorKind,
  program: string,
  name: string,
): Promise<GatewayMachine> {
  const home = await tempDirectory()
  const state = await openState(join(home.path, 'state'))
  const keys = state.keys.read()
  // Registering is HTTP and goes straight to the gateway; the address it gives leads through the proxy.
  const proxy = await startFaultProxy('ws://127.0.0.1:1')
  const flags = [
    '--state',
    state.directory,
    '--audit',
    'off',
    '--public-url',
    proxy.url.replace('ws', 'http'),
  ]
  let gateway = await startGateway(program, ['--listen', '127.0.0.1:0', ...flags])
  const { url } = gateway
  proxy.target = url
  const claims = { workspaceId: WORKSPACE, name, description: '', isDefault: false }
  const joinToken = mintJoinToken(keys, claims, secondsNow())
  const mintToken = () => mintWorkspaceToken(keys, { workspaceId: WORKSPACE, ttl: 3600 }, secondsNow())
  const machine = await joinGateway(kind, { program, url, name, joinToken, home: home.path })
  await connected(url, mintToken())
  return {
    ...machine,
    url: url.replace('http', 'ws'),
    listUrl: url,
    mintToken,
    cutExecutor: () => proxy.cut(),
    killGateway: () => gateway.kill(),
    async restartGateway() {
      gateway = await startGateway(program, ['--listen', new URL(url).host, ...flags])
    },
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]()
      await gateway.kill()
      await proxy[Symbol.asyncDispose]()
      await home[Symbol.asyncDispose]()
    },
  }
}

interface Joining {
  readonly program: string
  readonly url: string
  readonly name: string
  readonly joinToken: string
  /** Where ours finds its token. */
  readonly home: string
}

/** Starts an executor that will dial the gateway. */
async function joinGateway(
  kind: ExecutorKind,
  { program, url, name, joinToken, home }: Joining,
): Promise<Machine> {
  switch (kind) {
    case 'ours': {
      const tokenFile = join(home, 'join-token')
      writeFileSync(tokenFile, joinToken, { mode: 0o600 })
      return startOurs(program, ['--gateway', url, '--token-file', tokenFile])
    }
    case 'codex': {
      // Fetches it when it is not there: only those who want it load this.
      const { startRemoteExecServer } = await import('../real/support/remote-exec-server.ts')
      const gateway = { url, joinToken: async () => joinToken }
      const server = await startRemoteExecServer(gateway, { name, version: '0.169.0', by: 'key' })
      return machineOfCodex(server, url)
    }
  }
}

/** Resolves when the gateway lists a machine: one that dials says nothing itself. */
async function connected(url: string, token: string): Promise<void> {
  const headers = { Authorization: `Bearer ${token}` }
  const missing = await settle(async () => {
    const answer = await fetch(`${url}/api/exec-gateway/connected`, { headers })
    return (await answer.text()) === '[]' ? ['the executor'] : []
  }, CONNECT_MS)
  if (missing.length > 0) throw new Error(`Cannot use the gateway: ${missing.join()} has not connected`)
}

/** Starts one, and waits until it listens. */
export async function startGateway(program: string, flags: readonly string[]) {
  const child = spawn(process.execPath, [program, 'gateway', ...flags], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit').then(() => {
    throw new Error('Cannot start the gateway: it ended before it listened')
  })
  ended.catch(() => {}) // looked at only while the line is waited for
  const [url] = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  return { url: String(url), kill: () => kill(child) }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
