import type {
  DirectoryEntry,
  Executor,
  ExecutorFeatures,
  ExecutorInfo,
  FileMetadata,
  OpenFile,
  ProcessSignal,
  ProcessSummary,
  ReadRequest,
  ReadResult,
  StartRequest,
  TerminalSize,
} from '../protocol/executor.ts'
import type { RelayOutcome, RelayRequest } from '../protocol/relay.ts'
import type { Transport } from '../rpc/transport.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { type Logger, silentLogger } from '../util/log.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import { beginSession, type Session } from './begin-session.ts'
import { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import type { DurableConnection } from './durable-connection.ts'
import { attempt } from './errors.ts'
import type { Files } from './files.ts'
import { BRIDGE_LIMITS } from './limits.ts'
import type { Processes } from './processes.ts'
import type { Dial } from './reconnect.ts'
import { relayEnd } from './relay-end.ts'
import { checkDirectory, explainStart } from './start-failure.ts'

export interface BridgeClientOptions extends CallOptions {
  /** The environment, for messages. */
  readonly name: string
  /** Opens another connection when one is lost. Without it the first one is the last. */
  readonly redial?: Dial | undefined
  readonly logger?: Logger
  readonly clock?: Clock
  /** ms since 1970. */
  readonly wallNow?: () => number
  readonly random?: () => number
}

/**
 * A machine behind an exec-server, of any version, as a session that outlives its connections (`DurableConnection`). Made by
 * `open`; when the session is over it stays closed: calls reject, reads give what had come.
 */
export class BridgeClient implements Executor {
  readonly info: ExecutorInfo
  readonly features: ExecutorFeatures
  /** Of the handshake, in ms. */
  readonly roundTripMs: number
  readonly #connection: DurableConnection
  readonly #processes: Processes
  readonly #files: Files
  readonly #dialect: Dialect
  /** Ends of copies under way: they are lost with the session. */
  readonly #relays = new Set<RelayRequest>()

  /** Takes the transport over and greets the executor; 10 s, unless `timeoutMs` says otherwise. */
  static async open(transport: Transport, options: BridgeClientOptions): Promise<BridgeClient> {
    const { name, clock = systemClock, signal, timeoutMs = BRIDGE_LIMITS.dialTimeoutMs } = options
    const { redial, logger = silentLogger, wallNow = Date.now, random = Math.random } = options
    const action = `Cannot connect to ${JSON.stringify(name)}`
    const connection = new Connection(transport, name, clock)
    using scope = callScope({ signal, timeoutMs }, `Greeting ${JSON.stringify(name)}`)
    try {
      const life = { name, redial, logger, clock, wallNow, random }
      return new BridgeClient(
        await attempt(action, 'none', () => beginSession(connection, life, scope.signal)),
      )
    } catch (error) {
      // Resolves later: whoever waits for the client need not wait for the end of its socket.
      void connection.close(BridgeError.from(error))
      throw error
    }
  }

  private constructor({ connection, processes, files, dialect, info, features, roundTripMs }: Session) {
    this.#connection = connection
    this.#processes = processes
    this.#files = files
    this.#dialect = dialect
    connection.listen({ atStake: () => (this.#relays.size > 0 ? ['a copy through the gateway'] : []) })
    this.info = info
    this.features = features
    this.roundTripMs = roundTripMs
  }

  /** Why it is closed; undefined while it is open. */
  get closedReason(): BridgeError | undefined {
    return this.#connection.closedReason
  }

  /** There is a connection now; without one the next call makes it. */
  get isConnected(): boolean {
    return this.#connection.isConnected
  }

  get away(): string | undefined {
    return this.#connection.away
  }

  /** Nothing would be lost by closing it: no call waits, no process runs. */
  get isIdle(): boolean {
    return this.#connection.callCount === 0 && !this.#processes.isAnyLive
  }

  /** When it last had something to do, on its clock. */
  get lastActivityMs(): number {
    return this.#connection.lastActivityMs
  }

  /** Calls `listener` once, when it is closed. */
  onClosed(listener: (reason: BridgeError) => void): void {
    this.#connection.listen({ closed: listener })
  }

  /** Ends the session, and resolves when nothing is left of it. What runs on the machine is left to the executor. */
  close(reason: BridgeError): Promise<void> {
    return this.#connection.close(reason)
  }

  async start(request: StartRequest, options?: CallOptions): Promise<void> {
    if (request.tty) await checkDirectory(request, this.#files, options?.signal)
    try {
      await this.#processes.start(request, options)
    } catch (error) {
      throw await explainStart(error, request, this.#files)
    }
  }

  read(processId: string, request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    return this.#processes.read(processId, request, options)
  }

  sync(processId: string, options?: CallOptions): Promise<void> {
    return this.#processes.sync(processId, options)
  }

  write(processId: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return this.#processes.write(processId, bytes, options)
  }

  closeStdin(processId: string, options?: CallOptions): Promise<void> {
    return this.#processes.closeStdin(processId, options)
  }

  signal(processId: string, signal: ProcessSignal, options?: CallOptions): Promise<void> {
    return this.#processes.signal(processId, signal, options)
  }

  resize(processId: string, size: TerminalSize, options?: CallOptions): Promise<void> {
    return this.#processes.resize(processId, size, options)
  }

  terminate(processId: string, options?: CallOptions): Promise<boolean> {
    return this.#processes.terminate(processId, options)
  }

  forget(processId: string): void {
    this.#processes.forget(processId)
  }

  listProcesses(options?: CallOptions): Promise<ProcessSummary[]> {
    return this.#processes.list(options)
  }

  attach(processId: string, options?: CallOptions): Promise<void> {
    return this.#processes.attach(processId, options)
  }

  readFile(path: string, options?: CallOptions & { maxBytes?: number }): Promise<Uint8Array> {
    return this.#files.readFile(path, options)
  }

  writeFile(path: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return this.#files.writeFile(path, bytes, options)
  }

  open(path: string, mode: 'read' | 'replace', options?: CallOptions): Promise<OpenFile> {
    return this.#files.open(path, mode, options)
  }

  metadata(path: string, options?: CallOptions): Promise<FileMetadata> {
    return this.#files.metadata(path, options)
  }

  hash(path: string, options?: CallOptions): Promise<string> {
    return this.#files.hash(path, options)
  }

  list(path: string, options?: CallOptions): Promise<DirectoryEntry[]> {
    return this.#files.list(path, options)
  }

  createDirectory(path: string, request: { recursive: boolean }, options?: CallOptions): Promise<void> {
    return this.#files.createDirectory(path, request, options)
  }

  remove(
    path: string,
    request: { recursive: boolean; force: boolean },
    options?: CallOptions,
  ): Promise<void> {
    return this.#files.remove(path, request, options)
  }

  copy(from: string, to: string, request: { recursive: boolean }, options?: CallOptions): Promise<void> {
    return this.#files.copy(from, to, request, options)
  }

  rename(from: string, to: string, options?: CallOptions): Promise<void> {
    return this.#files.rename(from, to, options)
  }

  canonicalize(path: string, options?: CallOptions): Promise<string> {
    return this.#files.canonicalize(path, options)
  }

  relaySend(request: RelayRequest, options?: CallOptions): Promise<RelayOutcome> {
    return this.#relay('relay/send', request, options)
  }

  relayReceive(request: RelayRequest, options?: CallOptions): Promise<RelayOutcome> {
    return this.#relay('relay/receive', request, options)
  }

  async #relay(
    method: 'relay/send' | 'relay/receive',
    request: RelayRequest,
    options?: CallOptions,
  ): Promise<RelayOutcome> {
    const end = { connection: this.#connection, dialect: this.#dialect, isPossible: this.features.relay }
    this.#relays.add(request)
    try {
      return await relayEnd(end, method, request, options)
    } finally {
      this.#relays.delete(request)
    }
  }
}
