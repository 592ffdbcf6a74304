import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openState } from '../../src/gateway/state.ts'
import { mintJoinToken, mintWorkspaceToken, secondsNow } from '../../src/gateway/tokens.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { type Machine, startOurs } from './machines.ts'

export const WORKSPACE = 'faults'

/** An executor of ours that dials in to a gateway, each in a process of its own. Its `url` is the gateway's. */
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
export async function startGatewayMachine(program: string, name: string): Promise<GatewayMachine> {
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
  const tokenFile = join(home.path, 'join-token')
  const claims = { workspaceId: WORKSPACE, name, description: '', isDefault: false }
  writeFileSync(tokenFile, mintJoinToken(keys, claims, secondsNow()), { mode: 0o600 })
  const machine = await startOurs(program, ['--gateway', url, '--token-file', tokenFile])
  return {
    ...machine,
    url: url.replace('http', 'ws'),
    listUrl: url,
    mintToken: () => mintWorkspaceToken(keys, { workspaceId: WORKSPACE, ttl: 3600 }, secondsNow()),
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

async function startGateway(program: string, flags: readonly string[]) {
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
