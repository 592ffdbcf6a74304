import type { Relay, RelayTicket } from '../../protocol/relay.ts'
import { BridgeError } from '../../util/errors.ts'
import { type CallOptions, type CallScope, callScope, throwIfAborted } from '../../util/signals.ts'
import { attributesOf, isPrivate } from './attributes.ts'
import type { CopyJob, FileTransfer, Transfer } from './copy-job.ts'
import { type HttpStream, httpEndOf, type Passed } from './http-end.ts'
import { hasShell } from './machine.ts'
import { RelayProgress } from './relay-progress.ts'
import { runScript } from './run-script.ts'
import { sha256Of } from './seal-file.ts'
import { checkTree, makeTreeTarget } from './tree-stream.ts'

/** The executors at both ends, as the gateway knows them. */
export interface RelayEnds {
  readonly sourceId: string
  readonly destinationId: string
}

/** When one end has failed: how long the other may take to say why it does, too. */
const OTHER_END_MS = 2_000

/**
 * Between two machines of one gateway: each end speaks HTTP with it, and the bytes go through it without stopping, whole files
 * and directories as one stream. Nothing of them comes here. Throws `unavailable` when one of the machines cannot.
 */
export class HttpTransfer implements Transfer {
  readonly name = 'http'
  readonly #relay: Relay
  readonly #ends: RelayEnds

  constructor(relay: Relay, ends: RelayEnds) {
    this.#relay = relay
    this.#ends = ends
  }

  checkTree(job: CopyJob): Promise<void> {
    return checkTree(job)
  }

  async file(job: CopyJob, partial: string): Promise<FileTransfer> {
    const { source, target, signal } = job
    await checkEnds(job)
    const attributes = await attributesOf(source, { signal })
    if (isPrivate(attributes) && hasShell(target.executor)) {
      const request = { script: MAKE_PRIVATE, args: [partial], action: 'cannot write there' }
      await runScript(target.executor, request, { signal })
    }
    const { bytes, sha256 } = await this.#stream(job, 'file', partial)
    return {
      sha256: sha256 ?? (await sha256Of(source.executor, source.path, { signal })),
      bytes,
      attributes,
    }
  }

  async tree(job: CopyJob, partial: string): Promise<void> {
    await checkEnds(job)
    await makeTreeTarget(job, partial)
    await this.#stream(job, 'tree', partial)
  }

  /** Both ends at once. When one fails the other is ended, and the reason is that of the end where it went wrong. */
  async #stream(job: CopyJob, kind: HttpStream['kind'], partial: string) {
    const { source, target, signal } = job
    const ticket = await this.#relay.create(this.#ends, { signal })
    using scope = callScope({ signal })
    using progress = new RelayProgress(this.#relay, ticket, job.progress)
    const failures: BridgeError[] = []
    const end = (work: (options: CallOptions) => Promise<Passed>) =>
      work({ signal: scope.signal }).catch((error: unknown) => {
        failures.push(BridgeError.from(error))
        if (failures.length === 1) this.#endOther(ticket, scope)
        return undefined
      })
    const [received, sent] = await Promise.all([
      end((options) => httpEndOf(target.executor).receive({ path: partial, kind }, ticket, options)),
      end((options) => httpEndOf(source.executor).send({ path: source.path, kind }, ticket, options)),
    ])
    throwIfAborted(signal)
    if (!sent || !received) throw culprit(failures)
    const bytes = requireAll(sent, received)
    progress.end(bytes)
    return { bytes, sha256: sent.sha256 }
  }

  /** The gateway cuts the other end; where it cannot, that is ended after a while. */
  #endOther(ticket: RelayTicket, scope: CallScope): void {
    // Never rejects.
    void this.#relay.end(ticket)
    const reason = new BridgeError('canceled', 'The other end has failed')
    setTimeout(() => scope.abort(reason), OTHER_END_MS).unref()
  }
}

async function checkEnds({ source, target, signal }: CopyJob): Promise<void> {
  for (const { executor, environment } of [source, target]) {
    const why = await httpEndOf(executor).whyNot({ signal })
    if (why !== undefined)
      throw new BridgeError('unavailable', `${JSON.stringify(environment)} has ${why}, which it needs`)
  }
}

/** Of both ends' reasons the one that is not a consequence of the other: what a machine says of its files, then what came first. */
function culprit(failures: readonly BridgeError[]): BridgeError {
  const isConsequence = ({ code }: BridgeError) => code === 'unavailable' || code === 'canceled'
  return failures.find((error) => !isConsequence(error)) ?? failures[0]!
}

/** The number of bytes, when it is the same at both ends. */
function requireAll(sent: Passed, received: Passed): number {
  const bytes = sent.bytes ?? received.bytes ?? 0
  if ((received.bytes ?? bytes) === bytes) return bytes
  throw new BridgeError('unavailable', `through the gateway: ${received.bytes} of ${bytes} bytes arrived`)
}

const MAKE_PRIVATE = 'umask 077\n: > "$1"'
