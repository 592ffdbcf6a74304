import type { Relay, RelayTicket } from '../../protocol/relay.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, type CallScope, callScope, throwIfAborted } from '../../util/signals.ts'
import { checkTree, holesOption } from './bridges-transfer.ts'
import type { CopyJob, FileTransfer, FileWork, Place, Transfer, TreeWork } from './copy-job.ts'
import { digHoles } from './dig-holes.ts'
import { type HttpStream, httpEndOf } from './http-end.ts'
import { RelayProgress } from './relay-progress.ts'

/** The executors at both ends, as the gateway knows them. */
export interface RelayEnds {
  readonly sourceId: string
  readonly destinationId: string
}

/** When one end has failed: how long the other may take to say why it does, too. */
const OTHER_END_MS = 2_000

/**
 * Between two machines of one gateway: each end speaks HTTP with it, and the bytes go through it without stopping, whole files
 * and directories as one stream. Nothing of them comes here. Throws `unavailable` for what goes wrong on the way.
 */
export class HttpTransfer implements Transfer {
  readonly name = 'http'
  readonly #relay: Relay
  readonly #ends: RelayEnds
  #ticket: RelayTicket | undefined

  constructor(relay: Relay, ends: RelayEnds) {
    this.#relay = relay
    this.#ends = ends
  }

  checkTree(job: CopyJob): Promise<void> {
    return checkTree(job)
  }

  /** Finds out whether both ends can. Throws which cannot, and why. */
  async check({ source, target, signal }: CopyJob): Promise<void> {
    await Promise.all([source, target].map((place) => checkEnd(place, { signal })))
  }

  /** Finds out whether it is possible, and gets the ticket. Throws why not; nothing was sent then. */
  async prepare(job: CopyJob): Promise<RelayTicket> {
    await this.check(job)
    this.#ticket = await this.#relay.create(this.#ends, { signal: job.signal })
    return this.#ticket
  }

  async file(job: CopyJob, { partial, offset, attributes }: FileWork): Promise<FileTransfer> {
    const { source, target, signal } = job
    const from: HttpStream = { kind: 'file', path: source.path, offset }
    const arrived = await this.#stream(job, from, { kind: 'file', path: partial, offset })
    if (attributes.isSparse) await digHoles(target.executor, partial, { signal })
    return { sha256: undefined, bytes: offset + arrived, keepsAttributes: false }
  }

  async tree(job: CopyJob, { partial, names }: TreeWork): Promise<void> {
    const [holes] = await Promise.all([holesOption(job), this.#ticket ?? this.prepare(job)])
    const from: HttpStream = { kind: 'tree', path: job.source.path, names, holes }
    await this.#stream(job, from, { kind: 'tree', path: partial, names: '', holes: '' })
  }

  /** Both ends at once; gives the bytes. When one fails the other is ended, and the reason is that of the end where it went wrong. */
  async #stream(job: CopyJob, from: HttpStream, to: HttpStream): Promise<number> {
    const { source, target, signal } = job
    const ticket = this.#ticket ?? (await this.prepare(job))
    this.#ticket = undefined
    using scope = callScope({ signal })
    using progress = new RelayProgress(this.#relay, ticket, job.progress)
    const failures: Failure[] = []
    const end = (of: Failure['of'], work: (options: CallOptions) => Promise<number | undefined>) =>
      work({ signal: scope.signal }).catch((error: unknown) => {
        failures.push({ of, error: BridgeError.from(error) })
        if (failures.length === 1) this.#endOther(ticket, scope)
        return undefined
      })
    const [received, sent] = await Promise.all([
      end('target', (options) => httpEndOf(target.executor).receive(to, ticket, options)),
      end('source', (options) => httpEndOf(source.executor).send(from, ticket, options)),
    ])
    throwIfAborted(signal)
    if (failures.length > 0) throw culprit(failures)
    const bytes = requireAll(sent, received)
    progress.end(bytes)
    return bytes
  }

  /** The gateway cuts the other end; where it cannot, that is ended after a while. */
  #endOther(ticket: RelayTicket, scope: CallScope): void {
    // Never rejects.
    void this.#relay.end(ticket)
    const reason = new BridgeError('canceled', 'The other end has failed')
    setTimeout(() => scope.abort(reason), OTHER_END_MS).unref()
  }
}

async function checkEnd({ executor, environment }: Place, options: CallOptions): Promise<void> {
  const why = await httpEndOf(executor).whyNot(options)
  if (why === undefined) return
  throw new BridgeError('unavailable', `${JSON.stringify(environment)} has ${why}, which it needs`)
}

interface Failure {
  readonly of: 'source' | 'target'
  readonly error: BridgeError
}

/**
 * Of both ends' reasons the one that is not a consequence of the other: what a machine says of its files, first the source, for half an
 * archive cannot be unpacked; then what came first.
 */
function culprit(failures: readonly Failure[]): BridgeError {
  const own = failures.filter(({ error }) => error.code !== 'unavailable' && error.code !== 'canceled')
  return (own.find(({ of }) => of === 'source') ?? own[0] ?? failures[0]!).error
}

/** The number of bytes, when it is the same at both ends. */
function requireAll(sent: number | undefined, received: number | undefined): number {
  const bytes = sent ?? received ?? 0
  if ((received ?? bytes) === bytes) return bytes
  throw new BridgeError('unavailable', `through the gateway: ${received} of ${bytes} bytes arrived`)
}
