import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { runProgram } from '../../support/program.ts'
import { RawBridge } from '../../support/raw-bridge.ts'
import { kill } from './exec-server.ts'
import { connectMcp, type McpClient, PROGRAM } from './mcp-client.ts'
import { RunFolder } from './run-folder.ts'

const fixture = (name: string) => resolve('test/fixtures/gateway', name)

/** A private authority, and what programs need to believe it. */
export const CA_FILE = fixture('ca.pem')

/** The built gateway, running, with its commands beside it. Disposing it kills it and removes its state. */
export class GatewayProgram implements AsyncDisposable {
  readonly #folder: RunFolder
  readonly #state: string
  readonly #flags: readonly string[]
  readonly #tokenFile: string
  #child: ChildProcess | undefined
  url = ''

  /** `tls`: with a certificate of the private authority. */
  static async start({ tls = false } = {}): Promise<GatewayProgram> {
    const folder = await RunFolder.make()
    const certificate = ['--tls-cert', fixture('signed.pem'), '--tls-key', fixture('signed-key.pem')]
    const gateway = new GatewayProgram(folder, await folder.folder('gateway'), tls ? certificate : [])
    await gateway.#start('127.0.0.1:0')
    return gateway
  }

  private constructor(folder: RunFolder, directory: string, flags: readonly string[]) {
    this.#folder = folder
    this.#state = join(directory, 'state')
    this.#tokenFile = join(directory, 'workspace-token')
    this.#flags = flags
  }

  /** Kills it as a machine that loses its power does, and starts it again at the same place, after an outage of so long. */
  async restart({ downMs = 0 } = {}): Promise<void> {
    if (this.#child) await kill(this.#child)
    await setTimeout(downMs)
    await this.#start(new URL(this.url).host)
  }

  joinToken(name: string): Promise<string> {
    return this.#beside('token', 'join', '--workspace', 'main', '--name', name)
  }

  /** A bridge to the machine of that name, frame by frame. */
  async bridge(name: string): Promise<RawBridge> {
    const ca = await readFile(CA_FILE)
    const token = await this.#workspaceToken()
    const [, exeId = ''] = new RegExp(` ${name} .* (exe_\\w+)$`, 'm').exec(await this.status()) ?? []
    return RawBridge.open(this.url, exeId, token, { ca })
  }

  /** An agent's server in the workspace of the machines; it can have tickets for copies. */
  async connect(): Promise<McpClient> {
    const { args, env } = await this.agent()
    return connectMcp(args, env)
  }

  /** How an agent's server is started in the workspace of the machines. */
  async agent(): Promise<{ args: string[]; env: Record<string, string> }> {
    const token = await this.#workspaceToken()
    const secret = await this.#beside('token', 'internal')
    const secrets = ['--workspace-token-env', 'TOKEN', '--exec-gateway-internal-secret-env', 'SECRET']
    const env = { TOKEN: token, SECRET: secret, NODE_EXTRA_CA_CERTS: CA_FILE }
    return { args: [...this.#flagsThere(), ...secrets], env }
  }

  /** The flags of a server that is given no variables: its token is in a file. */
  async serveFlags(): Promise<string[]> {
    await writeFile(this.#tokenFile, await this.#workspaceToken())
    return [...this.#flagsThere(), '--workspace-token-file', this.#tokenFile]
  }

  /** Its process. */
  get pid(): number {
    return this.#child!.pid!
  }

  status(): Promise<string> {
    return this.#beside('status')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child) await kill(this.#child)
    await this.#folder[Symbol.asyncDispose]()
  }

  /** Where a server finds the machines. */
  #flagsThere(): string[] {
    const bridge = ['--exec-gateway-url', `${this.url.replace('http', 'ws')}/bridge`]
    return [...bridge, '--workspace-id', 'main', '--exec-gateway-internal-url', this.url]
  }

  #workspaceToken(): Promise<string> {
    return this.#beside('token', 'workspace', '--workspace', 'main')
  }

  async #start(listen: string): Promise<void> {
    const flags = ['--listen', listen, '--state', this.#state, '--log-level', 'warn', ...this.#flags]
    const child = spawn(process.execPath, [PROGRAM, 'gateway', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#child = child
    const [line] = await once(createInterface(child.stdout), 'line')
    this.url = String(line)
  }

  async #beside(...args: string[]): Promise<string> {
    return (await runProgram(['gateway', ...args, '--state', this.#state])).stdout.trim()
  }
}
