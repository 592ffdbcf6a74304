import type { Executor, FileMetadata, OpenFile, StartRequest } from '../../src/protocol/executor.ts'
import { BridgeError } from '../../src/util/errors.ts'
import type { CallOptions } from '../../src/util/signals.ts'
import { WrappedExecutor } from './wrapped-executor.ts'

/** What an exec-server on Windows is to us: paths with backslashes, no mode, no POSIX shell; before 0.162 also no blocks to write. */
export class WindowsExecutor extends WrappedExecutor {
  constructor(inner: Executor & AsyncDisposable, features: Partial<Executor['features']> = {}) {
    super(inner, {
      info: { os: 'windows' },
      features: { rename: false, closeStdin: false, signals: [], ...features },
      metadata: (metadata) => ({ ...metadata, mode: undefined }),
    })
  }

  override start(request: StartRequest): Promise<void> {
    throw new BridgeError('not_found', `Cannot start "${request.argv[0]}": no such file`)
  }

  override rename(): Promise<void> {
    throw new BridgeError('not_found', 'Cannot start "mv": no such file')
  }

  override open(path: string, mode: 'read' | 'replace', options?: CallOptions): Promise<OpenFile> {
    return super.open(slashes(path), mode, options)
  }

  override writeFile(path: string, bytes: Uint8Array, options?: CallOptions): Promise<void> {
    return super.writeFile(slashes(path), bytes, options)
  }

  override hash(path: string, options?: CallOptions): Promise<string> {
    return super.hash(slashes(path), options)
  }

  override metadata(path: string, options?: CallOptions): Promise<FileMetadata> {
    return super.metadata(slashes(path), options)
  }

  override createDirectory(path: string, request: { recursive: boolean }): Promise<void> {
    return super.createDirectory(slashes(path), request)
  }

  override remove(path: string, request: { recursive: boolean; force: boolean }): Promise<void> {
    return super.remove(slashes(path), request)
  }

  override copy(from: string, to: string, request: { recursive: boolean }): Promise<void> {
    return super.copy(slashes(from), slashes(to), request)
  }

  override canonicalize(path: string, options?: CallOptions): Promise<string> {
    return super.canonicalize(slashes(path), options)
  }
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/')
}
