import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { getPriority, setPriority } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exeIdOf } from '../src/gateway/keys.ts'
import { openState, type State } from '../src/gateway/state.ts'
import { mintJoinToken, mintWorkspaceToken, secondsNow } from '../src/gateway/tokens.ts'

/** As a stock executor with Noise, or in clear, or as `env-mcp executor`. */
export type MachineKind = 'noise' | 'relay' | 'ours'

/** What the process of the machines is asked to do. */
export type MachineCommand =
  | { readonly kind: 'listen' }
  | {
      readonly kind: 'join'
      readonly machine: MachineKind
      readonly url: string
      readonly list: readonly (readonly [exeId: string, token: string])[]
    }
  | { readonly kind: 'traffic' }
  | { readonly kind: 'flood'; readonly url: string; readonly exeId: string; readonly token: string }
  | { readonly kind: 'end-flood' }

/** A gateway as users run it, and a process full of machines. */
export class Fleet implements AsyncDisposable {
  readonly url: string
  readonly #directory: string
  readonly #state: State
  readonly #gateway: ChildProcess
  /** Most machines; and those, and their clients, that take all they can get. */
  readonly machines: Machines
  readonly greedy: Machines

  static async start(): Promise<Fleet> {
    const directory = await mkdtemp(join(process.cwd(), 'node_modules', '.bench-'))
    const stateDirectory = join(directory, 'state')
    const flags = ['--listen', '127.0.0.1:0', '--state', stateDirectory, '--log-level', 'warn']
    const gateway = spawn(process.execPath, ['dist/bin.js', 'gateway', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(gateway.stdout)
    const [url] = await once(lines, 'line')
    return new Fleet(String(url), { directory, gateway, state: await openState(stateDirectory) })
  }

  private constructor(url: string, parts: { directory: string; gateway: ChildProcess; state: State }) {
    this.url = url
    this.#directory = parts.directory
    this.#gateway = parts.gateway
    this.#state = parts.state
    this.machines = new Machines()
    this.greedy = new Machines()
    // What is measured is how the gateway shares itself out, not how the system does.
    this.greedy.behave()
  }

  get token(): string {
    return mintWorkspaceToken(this.#state.keys.read(), { workspaceId: 'w', ttl: 3600 }, secondsNow())
  }

  exeId(name: string): string {
    return exeIdOf(this.#state.keys.read().idKey, 'w', name)
  }

  /** Lets machines join. */
  async join(machines: Machines, machine: MachineKind, names: readonly string[]): Promise<void> {
    const keys = this.#state.keys.read()
    const list = names.map((name) => {
      const claims = { workspaceId: 'w', name, description: '', isDefault: false }
      return [this.exeId(name), mintJoinToken(keys, claims, secondsNow())] as const
    })
    await machines.ask({ kind: 'join', machine, url: this.url, list })
  }

  /** KB of memory of the gateway that is its own. */
  async memoryKb(): Promise<number> {
    const text = await readFile(`/proc/${this.#gateway.pid}/smaps_rollup`, 'utf8')
    return Number(/^Anonymous:\s+(\d+)/m.exec(text)?.[1])
  }

  /** ms of processor time that the gateway has used. */
  async processorMs(): Promise<number> {
    const fields = (await readFile(`/proc/${this.#gateway.pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.machines[Symbol.asyncDispose](), this.greedy[Symbol.asyncDispose]()])
    const ended = once(this.#gateway, 'close')
    this.#gateway.kill('SIGTERM')
    await ended
    await rm(this.#directory, { recursive: true, force: true })
  }
}

/** A process full of machines. */
export class Machines implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #answers: Interface

  constructor() {
    const program = fileURLToPath(new URL('gateway-machine.mjs', import.meta.url))
    const child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child = child
    this.#answers = createInterface(child.stdout)
  }

  async ask(command: MachineCommand): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
    const [line] = await once(this.#answers, 'line')
    return JSON.parse(String(line)).value
  }

  /** Leaves the processor to others that want it. */
  behave(): void {
    setPriority(this.#child.pid!, getPriority() + 15)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await ended
  }
}
