import type { OpenFile } from '../protocol/executor.ts'
import { joinBytes } from '../util/join-bytes.ts'
import type { CallOptions } from '../util/signals.ts'
import { BRIDGE_LIMITS } from './limits.ts'

/** All of a file, a window at a time, so that other calls come through between them. Stops when there are more than `maxBytes`. */
export async function readInWindows(
  file: OpenFile,
  maxBytes: number,
  options: CallOptions,
): Promise<Uint8Array> {
  const windows: Uint8Array[] = []
  for (let offset = 0; offset <= maxBytes; ) {
    const { bytes, eof } = await file.read(offset, BRIDGE_LIMITS.windowBytes, options)
    windows.push(bytes)
    offset += bytes.byteLength
    if (eof) break
  }
  return joinBytes(windows)
}
