import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openState } from '../../../src/gateway/state.ts'
import { mintJoinToken, mintWorkspaceToken, secondsNow } from '../../../src/gateway/tokens.ts'
import { TcpProxy } from '../../support/tcp-proxy.ts'
import { tempDirectory } from '../../support/temp-directory.ts'
import { ENVIRONMENTS, type EnvironmentName } from '../environments.ts'
import { startGateway, WORKSPACE } from '../gateway-machine.ts'
import { type OwnMachine, startOurs } from '../machines.ts'
import { ServerProcess } from '../server-process.ts'
import { settle } from '../settle.ts'
import { pathOfWriters } from './full-disk.ts'

/** How long all may take to find each other again, in ms. */
const COME_BACK_MS = 40_000

/** An executor that has dialled a gateway through a network of its own. */
interface CopyEnd {
  readonly machine: OwnMachine
  readonly network: TcpProxy
}

/** A gateway, two executors of ours that have dialled in, and the servers of agents, each a process; between each executor and the gateway a network. */
export class CopyStage implements AsyncDisposable {
  readonly #program: string
  readonly #ends: AsyncDisposable[] = []
  /** What is started last ends first. */
  readonly #machines = new Map<EnvironmentName, CopyEnd>()
  #home = ''
  #url = ''
  #gateway: Awaited<ReturnType<typeof startGateway>> | undefined
  #server: ServerProcess | undefined

  /** `program`: the built one. */
  static async start(program: string): Promise<CopyStage> {
    const stage = new CopyStage(program)
    try {
      await stage.#start()
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  private constructor(program: string) {
    this.#program = program
  }

  get server(): ServerProcess {
    return this.#server!
  }

  machine(name: EnvironmentName): OwnMachine {
    return this.#machines.get(name)!.machine
  }

  network(name: EnvironmentName): TcpProxy {
    return this.#machines.get(name)!.network
  }

  /** A new directory on a machine. */
  room(name: EnvironmentName, folder: string): string {
    const path = join(this.machine(name).directory, folder)
    mkdirSync(path)
    return path
  }

  /** One more server, with more flags. Disposed by who asks. */
  startServer(more: readonly string[] = ['--log-level=info']): Promise<ServerProcess> {
    const ways = [
      `--exec-gateway-url=${this.#url.replace('http', 'ws')}/bridge`,
      `--exec-gateway-internal-url=${this.#url}`,
      `--exec-gateway-internal-secret-file=${join(this.#home, 'secret')}`,
    ]
    const workspace = [`--workspace-id=${WORKSPACE}`, `--workspace-token-file=${join(this.#home, 'token')}`]
    return ServerProcess.start(this.#program, [...more, ...ways, ...workspace])
  }

  /** Ends the server as a crash does, and starts another. */
  async replaceServer(): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    this.#server = await this.startServer()
  }

  /** Ends the gateway as a crash does, and starts it again at the same place. */
  async restartGateway(): Promise<void> {
    await this.#gateway?.kill()
    await this.#startGateway(new URL(this.#url).host)
  }

  /** Waits until a server reaches both machines. */
  async comeBack(server = this.server): Promise<void> {
    const away = await settle(async () => {
      const asked = ENVIRONMENTS.map(async (name) => {
        const { isError } = await server.call('shell', { environment_id: name, command: ['true'] }).answer
        return isError ? [name] : []
      })
      return (await Promise.all(asked)).flat()
    }, COME_BACK_MS)
    if (away.length > 0) throw new Error(`Cannot go on: ${away.join(' and ')} did not come back`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]()
    for (const end of this.#ends.toReversed()) await end[Symbol.asyncDispose]()
  }

  async #start(): Promise<void> {
    const home = await tempDirectory()
    this.#ends.push(home)
    this.#home = home.path
    const state = await openState(join(home.path, 'state'))
    const keys = state.keys.read()
    this.#ends.push({ [Symbol.asyncDispose]: async () => this.#gateway?.kill() })
    await this.#startGateway('127.0.0.1:0')
    const token = mintWorkspaceToken(keys, { workspaceId: WORKSPACE, ttl: 86_400 }, secondsNow())
    this.#keep('token', token)
    this.#keep('secret', keys.internalSecret)
    const path = pathOfWriters(join(home.path, 'bin'))
    for (const name of ENVIRONMENTS) {
      const claims = { workspaceId: WORKSPACE, name, description: '', isDefault: false }
      this.#keep(`${name}.token`, mintJoinToken(keys, claims, secondsNow()))
      await this.#startMachine(name, path)
    }
    this.#server = await this.startServer()
    await this.comeBack()
  }

  async #startMachine(name: EnvironmentName, path: string): Promise<void> {
    const network = await TcpProxy.start(Number(new URL(this.#url).port))
    this.#ends.push(network)
    const dialling = [
      `--gateway=http://127.0.0.1:${network.port}`,
      `--token-file=${this.#home}/${name}.token`,
    ]
    const machine = await startOurs(this.#program, dialling, { PATH: path })
    this.#ends.push(machine)
    this.#machines.set(name, { machine, network })
  }

  async #startGateway(listen: string): Promise<void> {
    const state = ['--state', join(this.#home, 'state'), '--audit', 'off']
    this.#gateway = await startGateway(this.#program, ['--listen', listen, ...state])
    this.#url = this.#gateway.url
  }

  #keep(name: string, secret: string): void {
    writeFileSync(join(this.#home, name), secret, { mode: 0o600 })
  }
}
