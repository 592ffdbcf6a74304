import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../support/fault.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import type { EnvironmentName } from './environments.ts'
import { type GatewayMachine, WORKSPACE } from './gateway-machine.ts'
import type { Machine } from './machines.ts'
import type { Schedule, Upset } from './schedule.ts'

/** A fault that was met. */
export interface Hit {
  readonly environment: EnvironmentName
  readonly connection: number
  readonly fault: Fault
}

export interface PlaceOptions {
  readonly name: EnvironmentName
  readonly schedule: Schedule
  readonly machine: Machine | GatewayMachine
  readonly onHit: (hit: Hit) => void
}

/** An environment of a schedule: an executor, or the gateway that it has dialled, behind a proxy that does the faults drawn for it. Owns the machine. */
export class Place implements AsyncDisposable {
  readonly name: EnvironmentName
  readonly machine: Machine | GatewayMachine
  readonly #schedule: Schedule
  readonly #onHit: PlaceOptions['onHit']
  #proxy: FaultProxy | undefined
  #isHealed = false
  #tokens = 0
  /** Settles when the machine, or its gateway, is up again after its death. */
  #restarted = Promise.resolve()

  private constructor({ name, schedule, machine, onHit }: PlaceOptions) {
    this.name = name
    this.machine = machine
    this.#schedule = schedule
    this.#onHit = onHit
  }

  static async open(options: PlaceOptions): Promise<Place> {
    const place = new Place(options)
    const { machine, name, schedule } = options
    // Where commands note that they were started, and what they did.
    for (const folder of ['starts', 'effects']) mkdirSync(join(machine.directory, folder))
    place.#rotateToken()
    const faultsOf = (connection: number) =>
      place.#isHealed ? [] : (schedule.faults[name][connection] ?? [])
    place.#proxy = await startFaultProxy(machine.url, faultsOf, (fault, connection) =>
      place.#hit(fault, connection),
    )
    return place
  }

  /** With which the server finds it. */
  get flags(): readonly string[] {
    const { url } = this.#proxy!
    const { name, machine } = this
    if (!('listUrl' in machine))
      return [`--environment=${name}=${url}`, `--environment-token-file=${name}=${this.#tokenFile}`]
    const ways = [`--exec-gateway-url=${url}/bridge`, `--exec-gateway-internal-url=${machine.listUrl}`]
    return [`--workspace-id=${WORKSPACE}`, ...ways, `--workspace-token-file=${this.#tokenFile}`]
  }

  /** Where the bridge finds the token to bring: another one as soon as one was refused, unless the session is to be lost. */
  get #tokenFile(): string {
    return join(this.machine.directory, 'token')
  }

  /** From now on nothing goes wrong. A connection on which a session was to be lost is cut, so that the next is good. */
  async heal(): Promise<void> {
    this.#isHealed = true
    this.#proxy!.isDown = false
    await this.#restarted
    if (this.#schedule.fatal?.environment === this.name) this.#proxy!.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy?.[Symbol.asyncDispose]()
    await this.#restarted
    await this.machine[Symbol.asyncDispose]()
  }

  #hit(fault: Fault, connection: number): void {
    this.#onHit({ environment: this.name, connection, fault })
    const { fatal, gateway } = this.#schedule
    const isRefusal = fault.kind === 'status' && fault.status === 401
    if (isRefusal && fatal?.environment !== this.name) this.#rotateToken()
    if (fatal && fault === fatal.at) this.#restarted = this.#dieAndReturn(fatal.restartMs)
    if (gateway?.upset && fault === gateway.upset.at) this.#restarted = this.#upset(gateway.upset)
  }

  #rotateToken(): void {
    const token = 'listUrl' in this.machine ? this.machine.mintToken() : `token-${++this.#tokens}`
    writeFileSync(`${this.#tokenFile}.new`, token)
    renameSync(`${this.#tokenFile}.new`, this.#tokenFile)
  }

  async #upset({ kind, downMs }: Upset): Promise<void> {
    const { machine } = this
    if (!('listUrl' in machine)) throw new Error(`Internal: "${this.name}" has no gateway`)
    if (kind === 'cut') return machine.cutExecutor()
    await machine.killGateway()
    await new Promise((resolve) => setTimeout(resolve, downMs))
    await machine.restartGateway()
  }

  async #dieAndReturn(afterMs: number): Promise<void> {
    await this.machine.kill()
    await new Promise((resolve) => setTimeout(resolve, afterMs))
    await this.machine.restart()
    this.#proxy!.target = this.machine.url
  }
}
