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
import { type Clock, systemClock } from '../util/clock.ts'
import { type CallOptions, callScope, throwIfAborted, waitFor } from '../util/signals.ts'
import { type Bounds, infoWithin, NO_BOUNDS, requireStart, requireWriting } from './bounds.ts'
import type { Child } from './child.ts'
import { type ChildRequest, Children } from './children.ts'
import { LocalFiles, quote } from './files.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import { LocalRelay } from './local-relay.ts'
import { describeMachine } from './machine.ts'
import { Retained } from './retained.ts'
import type { Spool } from './spool.ts'
import { ownVariables, type Variables } from './variables.ts'
import type { Walk, WalkLimits } from './walk.ts'

export interface LocalExecutorOptions {
  /** Where relative paths start; this process's own directory when left out. */
  readonly cwd?: string | undefined
  /** Names of variables that children do not get: those that hold our own secrets. */
  readonly hiddenVariables?: readonly string[] | undefined
  readonly clock?: Clock | undefined
  /** Where output goes that has no more room in memory; without it the oldest is dropped. */
  readonly spool?: Spool | undefined
  /** Remembers processes that are over, those of several executors together; without it each for 30 s. */
  readonly retained?: Retained | undefined
  /** What clients may use of this machine; all of it unless said. */
  readonly bounds?: Bounds | undefined
  /** The gateway that it has dialled in to, and through which copies go: `http://…` or `https://…`. */
  readonly gatewayUrl?: string | undefined
}

/**
 * This machine. Children get the environment of this process and lead sessions and groups of their own. A child is held
 * back while 1 MiB of its output waits to be read; 1 MiB that was read stays for a reader who comes back. Disposing kills
 * what runs.
 */
export class LocalExecutor implements Executor, AsyncDisposable {
  readonly info: ExecutorInfo
  readonly features: ExecutorFeatures
  readonly #children: Children
  readonly #hidden: readonly string[]
  readonly #bounds: Bounds
  readonly #files: LocalFiles
  readonly #relay: LocalRelay

  constructor(options: LocalExecutorOptions = {}) {
    this.#bounds = options.bounds ?? NO_BOUNDS
    this.#files = new LocalFiles(this.#bounds.places)
    this.info = infoWithin(this.#bounds, describeMachine(options.cwd ?? process.cwd()))
    this.#hidden = options.hiddenVariables ?? []
    const clock = options.clock ?? systemClock
    const { spool, retained = retainedBriefly(clock) } = options
    this.#children = new Children({ clock, spool, retained })
    const { gatewayUrl } = options
    this.features = { ...FEATURES, relay: gatewayUrl !== undefined }
    this.#relay = new LocalRelay({ gatewayUrl, bounds: this.#bounds, variables: () => this.variables })
  }

  /** What a child inherits. */
  get variables(): Variables {
    return ownVariables(this.#hidden)
  }

  async start(request: StartRequest, options?: CallOptions): Promise<void> {
    const variables = { ...this.variables, ...request.env }
    const { argv, cwd } = request
    await this.startChild({ ...request, program: { argv, cwd, variables } }, options)
  }

  /** As `start`, with exactly the environment given; gives the process itself. */
  async startChild(request: ChildRequest, options?: CallOptions): Promise<Child> {
    using scope = callScope(options, 'Starting the process')
    await requireStart(this.#bounds, request.program)
    return await this.#children.start(request, scope)
  }

  /** The processes that are known, running or over, by their ids. */
  processes(): Iterable<[processId: string, child: Child]> {
    return this.#children.entries()
  }

  get processCount(): number {
    return this.#children.size
  }

  /** The process of that id, unless it is unknown or forgotten. */
  child(processId: string): Child | undefined {
    return this.#children.find(processId)
  }

  async read(processId: string, request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    using scope = callScope(options, 'Reading the output')
    return await this.#children.get(processId).read(request, scope)
  }

  async sync(processId: string, options?: CallOptions): Promise<void> {
    const child = this.#children.get(processId)
    await within(options, 'Waiting for the output', () => child.sync())
  }

  async write(processId: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#children.get(processId).input.write(bytes, options)
  }

  async closeStdin(processId: string, options?: CallOptions): Promise<void> {
    await this.#children.get(processId).input.close(options)
  }

  async signal(processId: string, signal: ProcessSignal): Promise<void> {
    this.#children.get(processId).signal(signal)
  }

  async resize(processId: string, size: TerminalSize): Promise<void> {
    this.#children.get(processId).resize(size)
  }

  async terminate(processId: string): Promise<boolean> {
    const child = this.#children.find(processId)
    const wasRunning = child?.isRunning ?? false
    child?.kill()
    return wasRunning
  }

  forget(processId: string): void {
    this.#children.forget(processId)
  }

  /** Those of this object: it has no other client. */
  async listProcesses(): Promise<ProcessSummary[]> {
    return [...this.processes()].map(([processId, child]) => child.summary(processId))
  }

  async attach(processId: string): Promise<void> {
    this.#children.get(processId)
  }

  readFile(path: string, options?: CallOptions & { maxBytes?: number }): Promise<Uint8Array> {
    return within(options, `Reading ${quote(path)}`, () => this.#files.readFile(path, options?.maxBytes))
  }

  async writeFile(path: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    requireWriting(this.#bounds, `Cannot write ${quote(path)}`)
    await within(options, `Writing ${quote(path)}`, () => this.#files.writeFile(path, bytes))
  }

  async open(path: string, mode: 'read' | 'replace', options?: CallOptions): Promise<OpenFile> {
    if (mode === 'replace') requireWriting(this.#bounds, `Cannot open ${quote(path)} for writing`)
    let opening: Promise<OpenFile> | undefined
    try {
      return await within(options, `Opening ${quote(path)}`, () => {
        opening = this.#files.open(path, mode)
        return opening
      })
    } catch (error) {
      // One that comes too late is nobody's, and one that failed is told already.
      void opening?.then((file) => file.close()).catch(() => {})
      throw error
    }
  }

  metadata(path: string, options?: CallOptions): Promise<FileMetadata> {
    return within(options, `Looking at ${quote(path)}`, () => this.#files.metadata(path))
  }

  list(path: string, options?: CallOptions): Promise<DirectoryEntry[]> {
    return within(options, `Listing ${quote(path)}`, () => this.#files.list(path))
  }

  hash(path: string, options?: CallOptions): Promise<string> {
    return within(options, `Hashing ${quote(path)}`, (signal) => this.#files.hash(path, signal))
  }

  async createDirectory(path: string, request: { recursive: boolean }, options?: CallOptions): Promise<void> {
    requireWriting(this.#bounds, `Cannot make directory ${quote(path)}`)
    await within(options, `Making ${quote(path)}`, () => this.#files.createDirectory(path, request))
  }

  async remove(
    path: string,
    request: { recursive: boolean; force: boolean },
    options?: CallOptions,
  ): Promise<void> {
    requireWriting(this.#bounds, `Cannot remove ${quote(path)}`)
    await within(options, `Removing ${quote(path)}`, () => this.#files.remove(path, request))
  }

  async copy(
    from: string,
    to: string,
    request: { recursive: boolean },
    options?: CallOptions,
  ): Promise<void> {
    requireWriting(this.#bounds, `Cannot copy ${quote(from)}`)
    await within(options, `Copying ${quote(from)}`, (signal) =>
      this.#files.copy(from, to, { ...request, signal }),
    )
  }

  async rename(from: string, to: string, options?: CallOptions): Promise<void> {
    requireWriting(this.#bounds, `Cannot rename ${quote(from)}`)
    await within(options, `Renaming ${quote(from)}`, () => this.#files.rename(from, to))
  }

  /** Not of `Executor`: asked by codex's own client only. */
  walk(path: string, limits: WalkLimits, signal: AbortSignal): Promise<Walk> {
    return this.#files.walk(path, limits, signal)
  }

  canonicalize(path: string, options?: CallOptions): Promise<string> {
    return within(options, `Resolving ${quote(path)}`, () => this.#files.canonicalize(path))
  }

  relaySend(request: RelayRequest, options?: CallOptions): Promise<RelayOutcome> {
    return this.#relay.send(request, options)
  }

  relayReceive(request: RelayRequest, options?: CallOptions): Promise<RelayOutcome> {
    return this.#relay.receive(request, options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#children[Symbol.asyncDispose]()
  }
}

/** As a stock exec-server remembers them. */
function retainedBriefly(clock: Clock): Retained {
  const { rememberedMs: forMs, rememberedProcesses: most } = EXECUTOR_LIMITS
  return new Retained(clock, { forMs, most, memoryBytes: Number.POSITIVE_INFINITY })
}

const FEATURES: ExecutorFeatures = {
  signals: ['INT', 'TERM', 'KILL', 'HUP'],
  closeStdin: true,
  ttySize: true,
  resize: true,
  sharedProcesses: false,
  hash: true,
  readBlocks: true,
  writeBlocks: true,
  rename: true,
  relay: false,
  maxWriteFileBytes: EXECUTOR_LIMITS.writeFileBytes,
}

/** Waits for work no longer than the caller wants to. A call of the system cannot be stopped: it ends by itself. */
async function within<T>(
  options: CallOptions | undefined,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using scope = callScope(options, what)
  throwIfAborted(scope.signal)
  return await waitFor(work(scope.signal), scope.signal)
}
