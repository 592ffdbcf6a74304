import type {
  DirectoryEntry,
  Executor,
  ExecutorFeatures,
  ExecutorInfo,
  FileMetadata,
  OpenFile,
  OutputChunk,
  OutputStream,
  ProcessSignal,
  ProcessSummary,
  ReadRequest,
  ReadResult,
  StartRequest,
} from '../../src/protocol/executor.ts'
import type { Clock } from '../../src/util/clock.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type CallOptions, reasonOf } from '../../src/util/signals.ts'

/** What a stock exec-server can do, about. */
const STOCK: ExecutorFeatures = {
  signals: ['INT'],
  closeStdin: false,
  ttySize: false,
  resize: false,
  sharedProcesses: false,
  hash: false,
  readBlocks: true,
  writeBlocks: true,
  rename: false,
  relay: false,
  maxWriteFileBytes: 1024,
}

const LINUX: ExecutorInfo = {
  os: 'linux',
  shell: { name: 'bash', path: '/bin/bash' },
  cwd: '/srv/app',
  home: '/home/u',
  tempDir: '/tmp',
  version: '0.169.0',
  askedShell: false,
}

/** A process that does what the test says. */
export class ScriptedProcess {
  readonly request: StartRequest
  /** What was written to its input, and in how many writes. */
  readonly writes: Uint8Array[] = []
  readonly signals: ProcessSignal[] = []
  /** How long the last caller of `terminate` would wait for its answer. */
  killWaitMs: number | undefined
  isStdinClosed = false
  isForgotten = false
  /** Called when it is killed; by default it dies of it. */
  onTerminate: () => void | Promise<void> = () => void this.exit(137).close()
  onSignal: (signal: ProcessSignal) => void = () => {}
  onWrite: (text: string) => void | Promise<void> = () => {}
  /** How many barriers were asked for; `onSync` happens before one is answered. */
  syncs = 0
  onSync: () => void = () => {}
  readonly #clock: Clock
  readonly #chunks: OutputChunk[] = []
  readonly #waiting = new Set<() => void>()
  #seq = 0
  #dropped = 0
  #exitCode: number | undefined
  #closed = false
  #lost: BridgeError | undefined

  constructor(request: StartRequest, clock: Clock) {
    this.request = request
    this.#clock = clock
  }

  get isRunning(): boolean {
    return this.#exitCode === undefined && !this.#lost
  }

  /** Writes one chunk. */
  emit(data: string | Uint8Array, stream: OutputStream = this.request.tty ? 'pty' : 'stdout'): this {
    this.#chunks.push({ seq: ++this.#seq, stream, bytes: Buffer.from(data) })
    return this.#wake()
  }

  /** Writes bytes that are dropped before anyone reads them. */
  drop(bytes: number): this {
    this.#seq++
    this.#dropped += bytes
    return this
  }

  exit(code: number): this {
    if (this.#exitCode === undefined) this.#seq++
    this.#exitCode ??= code
    return this.#wake()
  }

  close(): this {
    this.#seq++
    this.#closed = true
    return this.#wake()
  }

  /** The machine is gone. */
  lose(reason = 'the executor was restarted'): this {
    this.#lost = new BridgeError('process_lost', reason)
    return this.#wake()
  }

  async read({ afterSeq, waitMs }: ReadRequest, signal: AbortSignal | undefined): Promise<ReadResult> {
    const hasNews = () => this.#seq > afterSeq || this.#closed || this.#lost !== undefined
    if (waitMs > 0 && !hasNews()) await this.#wait(waitMs, hasNews, signal)
    const chunks = this.#chunks.filter(({ seq }) => seq > afterSeq)
    if (chunks.length === 0 && this.#lost) throw this.#lost
    return {
      chunks,
      lastSeq: this.#seq,
      droppedBytes: this.#dropped,
      exited: this.#exitCode !== undefined,
      exitCode: this.#exitCode,
      closed: this.#closed,
    }
  }

  #wait(ms: number, hasNews: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        timer[Symbol.dispose]()
        this.#waiting.delete(check)
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const check = () => hasNews() && done()
      const abort = () => {
        reject(reasonOf(signal!))
        done()
      }
      const timer = this.#clock.after(ms, done)
      this.#waiting.add(check)
      signal?.addEventListener('abort', abort)
      if (signal?.aborted) abort()
    })
  }

  #wake(): this {
    for (const check of [...this.#waiting]) check()
    return this
  }
}

/** An executor in memory, whose processes and files are driven by the test. What it is not given, it does not have. */
export class ScriptedExecutor implements Executor {
  readonly info: ExecutorInfo
  readonly features: ExecutorFeatures
  readonly processes: ScriptedProcess[] = []
  readonly files = new Map<string, Uint8Array>()
  /** What was read of files: offset and length. */
  readonly fileReads: [number, number][] = []
  /** Called at each start; may throw, or give a promise that holds the answer back. */
  onStart: (process: ScriptedProcess) => void | Promise<void> = () => {}
  readonly #clock: Clock

  constructor(
    clock: Clock,
    { info, features }: { info?: Partial<ExecutorInfo>; features?: Partial<ExecutorFeatures> } = {},
  ) {
    this.#clock = clock
    this.info = { ...LINUX, ...info }
    this.features = { ...STOCK, ...features }
  }

  /** The process that was started last. */
  get last(): ScriptedProcess {
    return this.processes.at(-1)!
  }

  async start(request: StartRequest, options: CallOptions = {}): Promise<void> {
    const process = new ScriptedProcess(request, this.#clock)
    this.processes.push(process)
    const held = this.onStart(process)
    if (!held) return
    await Promise.race([
      held,
      new Promise((_, reject) =>
        options.signal?.addEventListener('abort', () => reject(reasonOf(options.signal!))),
      ),
    ])
  }

  read(processId: string, request: ReadRequest, options: CallOptions = {}): Promise<ReadResult> {
    return this.#process(processId).read(request, options.signal)
  }

  async sync(processId: string): Promise<void> {
    const process = this.#process(processId)
    process.syncs++
    process.onSync()
  }

  async write(processId: string, bytes: Uint8Array): Promise<void> {
    const process = this.#process(processId)
    if (process.isForgotten) throw new BridgeError('not_found', `unknown process id ${processId}`)
    process.writes.push(bytes)
    await process.onWrite(Buffer.from(bytes).toString())
  }

  async closeStdin(processId: string): Promise<void> {
    this.#process(processId).isStdinClosed = true
  }

  async signal(processId: string, signal: ProcessSignal): Promise<void> {
    const process = this.#process(processId)
    process.signals.push(signal)
    process.onSignal(signal)
  }

  async terminate(processId: string, { timeoutMs }: CallOptions = {}): Promise<boolean> {
    const process = this.processes.find(({ request }) => request.processId === processId)
    if (process) process.killWaitMs = timeoutMs
    const wasRunning = process?.isRunning ?? false
    await process?.onTerminate()
    return wasRunning
  }

  async listProcesses(): Promise<ProcessSummary[]> {
    return this.processes.map(({ request, isRunning }) => ({
      ...request,
      startedAtMs: 0,
      endedAtMs: isRunning ? undefined : 1000,
      exited: !isRunning,
      exitCode: isRunning ? undefined : 0,
      outputBytes: 0,
    }))
  }

  async attach(processId: string): Promise<void> {
    this.#process(processId)
  }

  forget(processId: string): void {
    this.#process(processId).isForgotten = true
  }

  async open(path: string): Promise<OpenFile> {
    const bytes = this.#file(path)
    return {
      read: async (offset, length) => {
        this.fileReads.push([offset, length])
        return { bytes: bytes.subarray(offset, offset + length), eof: offset + length >= bytes.length }
      },
      write: () => Promise.reject(NOT_SCRIPTED),
      close: () => Promise.resolve(),
    }
  }

  async metadata(path: string): Promise<FileMetadata> {
    const kind = path === this.info.cwd ? 'directory' : 'file'
    const size = kind === 'file' ? this.#file(path).length : 0
    return { kind, isSymlink: false, size, modifiedMs: 0, mode: undefined }
  }

  readFile = (): Promise<Uint8Array> => Promise.reject(NOT_SCRIPTED)
  writeFile = (): Promise<void> => Promise.reject(NOT_SCRIPTED)
  list = (): Promise<DirectoryEntry[]> => Promise.reject(NOT_SCRIPTED)
  createDirectory = (): Promise<void> => Promise.reject(NOT_SCRIPTED)
  remove = (): Promise<void> => Promise.reject(NOT_SCRIPTED)
  copy = (): Promise<void> => Promise.reject(NOT_SCRIPTED)
  resize = (): Promise<void> => Promise.reject(NOT_SCRIPTED)
  hash = (): Promise<string> => Promise.reject(NOT_SCRIPTED)
  rename = (): Promise<void> => Promise.reject(NOT_SCRIPTED)
  canonicalize = (): Promise<string> => Promise.reject(NOT_SCRIPTED)
  relaySend = (): Promise<never> => Promise.reject(NOT_SCRIPTED)
  relayReceive = (): Promise<never> => Promise.reject(NOT_SCRIPTED)

  #process(id: string): ScriptedProcess {
    const process = this.processes.find(({ request }) => request.processId === id)
    if (!process) throw new BridgeError('not_found', `unknown process id ${id}`)
    return process
  }

  #file(path: string): Uint8Array {
    const bytes = this.files.get(path)
    if (!bytes) throw new BridgeError('not_found', `Cannot open ${JSON.stringify(path)}: no such file`)
    return bytes
  }
}

const NOT_SCRIPTED = new BridgeError('internal', 'The test has not scripted this')
