import type { ToolResult } from '../host/tool-host.ts'
import type { FileMetadata, OpenFile } from '../protocol/executor.ts'
import { BridgeError } from '../util/errors.ts'
import type { CallOptions } from '../util/signals.ts'
import { parseInteger, parseMaxOutputBytes, parseText, type RawArguments } from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { failureOn } from './failure.ts'
import { imageTypeOf, isBinary } from './file-kind.ts'
import { binaryView, emptyView, imageView, textView, type ViewedFile } from './file-view.ts'
import { findLine, MAX_SCAN_BYTES, readWindow } from './file-window.ts'
import { READ_FILE } from './info/read-file.ts'
import { resolvePath } from './paths.ts'
import type { Tool, Workspace } from './tool.ts'

/** Patience with one answer of the executor. */
const ANSWER_MS = 60_000
/** Larger images are of no use to a model, and clients refuse long lines. */
const MAX_IMAGE_BYTES = 5 * 1024 * 1024

interface ReadFileInput {
  readonly environment: string | undefined
  readonly path: string
  readonly offset: number | undefined
  readonly limit: number | undefined
  readonly startLine: number | undefined
  readonly lineCount: number | undefined
  readonly maxOutputBytes: number
}

/** A file that is open, and how its results name it. */
interface OpenedFile extends ViewedFile {
  readonly file: OpenFile
  readonly options: CallOptions
}

/** Reads a file, or a window of it. */
export const readFileTool: Tool<ReadFileInput> = {
  info: READ_FILE,

  parse(raw: RawArguments): ReadFileInput {
    const from = (min: number) => ({ min, max: Number.MAX_SAFE_INTEGER })
    return {
      environment: parseEnvironment(raw),
      path: parseText(raw, 'path', 'src/main.c'),
      offset: parseInteger(raw, 'offset', from(0)),
      // The origin's 0 is "all".
      limit: parseInteger(raw, 'limit', from(0)) || undefined,
      startLine: parseInteger(raw, 'start_line', from(1)),
      lineCount: parseInteger(raw, 'line_count', from(1)),
      maxOutputBytes: parseMaxOutputBytes(raw),
    }
  },

  async run(context, input) {
    const workspace = await context.open(input.environment)
    const path = resolvePath(input.path, workspace.executor.info)
    const options = { signal: context.signal, timeoutMs: ANSWER_MS }
    try {
      return await readFile(workspace, path, input, options)
    } catch (error) {
      throw failureOn(error, `Cannot read ${JSON.stringify(path)}`, workspace.environment.name)
    }
  },
}

async function readFile(
  { executor, environment, isOnly }: Workspace,
  path: string,
  input: ReadFileInput,
  options: CallOptions,
): Promise<ToolResult> {
  const metadata = await executor.metadata(path, options)
  refuseOthers(metadata, path)
  const file = await executor.open(path, 'read', options)
  const opened = {
    label: isOnly ? path : `${path} on ${environment.name}`,
    // A file of /proc has a size of 0, and content.
    size: metadata.size || undefined,
    call: isOnly ? { path: input.path } : { environment_id: environment.name, path: input.path },
    file,
    options,
  }
  const isByLines = input.startLine !== undefined || input.lineCount !== undefined
  try {
    return await (isByLines ? readLines(opened, input) : readBytes(opened, input))
  } finally {
    // What was read is read; a handle that cannot be closed goes with the connection.
    await file.close().catch(() => {})
  }
}

async function readBytes(opened: OpenedFile, input: ReadFileInput): Promise<ToolResult> {
  const { file, options } = opened
  const { offset = 0, limit, maxOutputBytes } = input
  const window = await readWindow(file, offset, Math.min(limit ?? maxOutputBytes, maxOutputBytes), options)
  if (window.bytes.length === 0) return emptyView(opened, emptiness(opened, offset))
  const isWindowAsked = input.offset !== undefined || limit !== undefined
  const imageType = isWindowAsked ? undefined : imageTypeOf(window.bytes)
  if (imageType) {
    const image = window.eof ? window : await readWindow(file, 0, MAX_IMAGE_BYTES + 1, options)
    if (image.bytes.length <= MAX_IMAGE_BYTES) return imageView(opened, image.bytes, imageType)
    return binaryView(opened, window, 'more than the 5 MB that are shown as an image')
  }
  if (isBinary(window.bytes)) return binaryView(opened, window)
  return textView(opened, window, {
    maxBytes: maxOutputBytes,
    isExact: limit !== undefined && limit <= maxOutputBytes,
  })
}

async function readLines(opened: OpenedFile, input: ReadFileInput): Promise<ToolResult> {
  const { file, options } = opened
  const { startLine: first = 1, lineCount: most, maxOutputBytes: maxBytes } = input
  const place = await findLine(file, first, options)
  switch (place.kind) {
    case 'far':
      throw new BridgeError(
        'invalid_input',
        `line ${first} is not in the first ${MAX_SCAN_BYTES / 1024 / 1024} MiB: give offset and limit in bytes`,
      )
    case 'beyond':
      return emptyView(opened, `there is no line ${first}, it has ${place.lines}`)
    case 'found':
      break
  }
  const window = await readWindow(file, place.offset, maxBytes, options)
  if (window.bytes.length === 0) return emptyView(opened, `there is no line ${first}, it has ${first - 1}`)
  if (isBinary(window.bytes)) return binaryView(opened, window)
  return textView(opened, window, { maxBytes, isExact: false, lines: { first, most } })
}

function emptiness({ size }: ViewedFile, offset: number): string {
  if (offset === 0) return '0 bytes: the file is empty'
  return `nothing from offset ${offset} on${size === undefined ? '' : `, it has ${size} bytes`}`
}

function refuseOthers({ kind }: FileMetadata, path: string): void {
  switch (kind) {
    case 'file':
      return
    case 'directory': {
      const command = JSON.stringify({ command: ['ls', '-la', path] })
      throw new BridgeError('conflict', `it is a directory; shell ${command} lists it`)
    }
    case 'other':
      throw new BridgeError(
        'conflict',
        'it is a device, a pipe or a socket, not a file; shell can read from it, such as with head -c 100',
      )
  }
}
