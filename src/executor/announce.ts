import type { ReadResult } from '../protocol/executor.ts'
import type { Notifications } from '../protocol/methods.ts'
import { base64 } from '../rpc/base64.ts'
import type { Child } from './child.ts'

/** Who is told what processes do. */
export interface Link {
  notify(method: string, params: unknown): void
  /** Resolves when it takes more, or never will again. Never rejects. */
  drained(): Promise<void>
}

/** What of a process is told, and for how long. */
export interface AnnounceOptions {
  /** Only what came after it; 0 unless said. */
  readonly afterSeq?: number
  /** Ends it. */
  readonly signal?: AbortSignal
}

/** Longer than anybody waits, and the most that a timer takes. */
const FOREVER_MS = 2 ** 31 - 1

/**
 * Tells what a process does, in order, until it has closed. A link that is slow holds the process back in the end; while
 * there is none the process runs free, and what it writes is kept as far as there is room. Never rejects.
 */
export async function announce(
  processId: string,
  child: Child,
  link: () => Link | undefined,
  options: AnnounceOptions = {},
): Promise<void> {
  const { signal } = options
  for (let afterSeq = options.afterSeq ?? 0; ; ) {
    const read = await child.read({ afterSeq, waitMs: FOREVER_MS }, { signal }).catch(() => undefined)
    if (!read || signal?.aborted) return // it was forgotten, or nobody wants to be told any more
    for (const { method, params } of noticesOf(processId, child, afterSeq, read))
      link()?.notify(method, params)
    if (read.closed) return
    afterSeq = read.lastSeq
    await link()?.drained()
  }
}

type Notice = {
  [M in keyof Notifications]: { readonly method: M; readonly params: Notifications[M] }
}[keyof Notifications]

function noticesOf(processId: string, child: Child, afterSeq: number, read: ReadResult): Notice[] {
  const notices = read.chunks.map(({ seq, stream, bytes }): Notice => {
    return { method: 'process/output', params: { processId, seq, stream, chunk: base64(bytes) } }
  })
  const { exitSeq: seq = 0 } = child
  if (seq > afterSeq && seq <= read.lastSeq) {
    const params = { processId, seq, exitCode: child.output.exitCode ?? -1, sandboxDenied: false }
    notices.push({ method: 'process/exited', params })
  }
  if (read.closed) notices.push({ method: 'process/closed', params: { processId, seq: read.lastSeq } })
  return notices.sort((a, b) => a.params.seq - b.params.seq)
}
