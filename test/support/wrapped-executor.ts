import type {
  DirectoryEntry,
  Executor,
  ExecutorFeatures,
  ExecutorInfo,
  FileMetadata,
  OpenFile,
  ProcessSummary,
  ReadRequest,
  ReadResult,
  StartRequest,
} from '../../src/protocol/executor.ts'
import type { CallOptions } from '../../src/util/signals.ts'

/** What a test changes of an executor: each hook may replace, delay or refuse what it is given. */
export interface ExecutorChanges {
  readonly info?: Partial<ExecutorInfo>
  readonly features?: Partial<ExecutorFeatures>
  start?(request: StartRequest): StartRequest | Promise<StartRequest>
  write?(bytes: Uint8Array, options: CallOptions | undefined): Promise<void>
  read?(result: ReadResult): ReadResult
  /** A block of a file that was read: it may give another one. */
  readBlock?(bytes: Uint8Array, path: string, options: CallOptions | undefined): Promise<Uint8Array>
  /** Called before a block of a file is written. */
  writeBlock?(bytes: Uint8Array, options: CallOptions | undefined): Promise<void>
  /** Called after a block of a file was written. */
  wroteBlock?(bytes: Uint8Array): void
  metadata?(metadata: FileMetadata, path: string): FileMetadata
}

/** An executor with changes, which remembers what it was asked to do. Every call goes on to the real one. */
export class WrappedExecutor implements Executor, AsyncDisposable {
  readonly info: ExecutorInfo
  readonly features: ExecutorFeatures
  readonly #inner: Executor & AsyncDisposable
  readonly #changes: ExecutorChanges
  readonly #running = new Set<string>()
  /** The scripts that were started, in order. */
  readonly commands: string[] = []
  /** The files that were opened for reading, in order. */
  readonly filesRead: string[] = []

  constructor(inner: Executor & AsyncDisposable, changes: ExecutorChanges = {}) {
    this.#inner = inner
    this.#changes = changes
    this.info = { ...inner.info, ...changes.info }
    this.features = { ...inner.features, ...changes.features }
  }

  /** Processes that were started and are not known to be over. */
  get running(): number {
    return this.#running.size
  }

  async start(request: StartRequest, options?: CallOptions): Promise<void> {
    const changed = (await this.#changes.start?.(request)) ?? request
    this.commands.push(request.argv.join(' '))
    await this.#inner.start(changed, options)
    this.#running.add(request.processId)
  }

  async read(processId: string, request: ReadRequest, options?: CallOptions): Promise<ReadResult> {
    const result = await this.#inner.read(processId, request, options)
    if (result.closed) this.#running.delete(processId)
    return this.#changes.read?.(result) ?? result
  }

  sync(processId: string, options?: CallOptions): Promise<void> {
    return this.#inner.sync(processId, options)
  }

  async write(processId: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#changes.write?.(bytes, options)
    return this.#inner.write(processId, bytes, options)
  }

  closeStdin(processId: string, options?: CallOptions): Promise<void> {
    return this.#inner.closeStdin(processId, options)
  }

  signal(...args: Parameters<Executor['signal']>): Promise<void> {
    return this.#inner.signal(...args)
  }

  resize(...args: Parameters<Executor['resize']>): Promise<void> {
    return this.#inner.resize(...args)
  }

  listProcesses(...args: Parameters<Executor['listProcesses']>): Promise<ProcessSummary[]> {
    return this.#inner.listProcesses(...args)
  }

  attach(...args: Parameters<Executor['attach']>): Promise<void> {
    return this.#inner.attach(...args)
  }

  hash(...args: Parameters<Executor['hash']>): Promise<string> {
    return this.#inner.hash(...args)
  }

  terminate(processId: string, options?: CallOptions): Promise<boolean> {
    return this.#inner.terminate(processId, options)
  }

  forget(processId: string): void {
    this.#inner.forget(processId)
  }

  readFile(...args: Parameters<Executor['readFile']>): Promise<Uint8Array> {
    return this.#inner.readFile(...args)
  }

  writeFile(...args: Parameters<Executor['writeFile']>): Promise<void> {
    return this.#inner.writeFile(...args)
  }

  async open(path: string, mode: 'read' | 'replace', options?: CallOptions): Promise<OpenFile> {
    if (mode === 'read') this.filesRead.push(path)
    const file = await this.#inner.open(path, mode, options)
    const { readBlock, writeBlock, wroteBlock } = this.#changes
    return {
      read: async (offset, length, options) => {
        const { bytes, eof } = await file.read(offset, length, options)
        return { bytes: (await readBlock?.(bytes, path, options)) ?? bytes, eof }
      },
      write: async (offset, bytes, options) => {
        await writeBlock?.(bytes, options)
        await file.write(offset, bytes, options)
        wroteBlock?.(bytes)
      },
      close: () => file.close(),
    }
  }

  async metadata(path: string, options?: CallOptions): Promise<FileMetadata> {
    const metadata = await this.#inner.metadata(path, options)
    return this.#changes.metadata?.(metadata, path) ?? metadata
  }

  list(path: string, options?: CallOptions): Promise<DirectoryEntry[]> {
    return this.#inner.list(path, options)
  }

  createDirectory(...args: Parameters<Executor['createDirectory']>): Promise<void> {
    return this.#inner.createDirectory(...args)
  }

  remove(...args: Parameters<Executor['remove']>): Promise<void> {
    return this.#inner.remove(...args)
  }

  copy(...args: Parameters<Executor['copy']>): Promise<void> {
    return this.#inner.copy(...args)
  }

  rename(...args: Parameters<Executor['rename']>): Promise<void> {
    return this.#inner.rename(...args)
  }

  canonicalize(path: string, options?: CallOptions): Promise<string> {
    return this.#inner.canonicalize(path, options)
  }

  relaySend(...args: Parameters<Executor['relaySend']>): ReturnType<Executor['relaySend']> {
    return this.#inner.relaySend(...args)
  }

  relayReceive(...args: Parameters<Executor['relayReceive']>): ReturnType<Executor['relayReceive']> {
    return this.#inner.relayReceive(...args)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]()
  }
}
