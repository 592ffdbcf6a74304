import type { MetadataResult } from '../protocol/methods.ts'
import { PROTOCOL_LIMITS } from '../protocol/methods.ts'
import { isWellFormed, uriFromPath } from '../protocol/paths.ts'
import { Base64 } from '../rpc/base64.ts'
import type { Call, MethodTable } from './call.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Params } from './params.ts'
import { refuseRestrictions } from './restrictions.ts'
import { wireError } from './wire-error.ts'

/** `fs/*`, as a stock exec-server has them, and ours. */
export const FILE_METHODS: MethodTable = {
  'fs/readFile': readFile,
  'fs/writeFile': async ({ params, executor }) => {
    await executor.writeFile(pathIn(params), params.bytes('dataBase64'))
    return {}
  },
  'fs/createDirectory': async ({ params, executor }) => {
    await executor.createDirectory(pathIn(params), { recursive: flag(params, 'recursive') })
    return {}
  },
  'fs/getMetadata': getMetadata,
  'fs/readDirectory': readDirectory,
  'fs/remove': async ({ params, executor }) => {
    const request = { recursive: flag(params, 'recursive'), force: flag(params, 'force') }
    await executor.remove(pathIn(params), request)
    return {}
  },
  'fs/copy': async ({ params, executor, signal }) => {
    const [from, to] = pathsIn(params)
    await executor.copy(from, to, { recursive: params.boolean('recursive') }, { signal })
    return {}
  },
  'fs/rename': async ({ params, executor }) => {
    const [from, to] = pathsIn(params)
    await executor.rename(from, to)
    return {}
  },
  'fs/hash': async ({ params, executor, signal }) => ({
    sha256: await executor.hash(pathIn(params), { signal }),
  }),
  'fs/canonicalize': async ({ params, executor }) => ({
    path: uriFromPath(await executor.canonicalize(pathIn(params))),
  }),
  'fs/open': open,
  'fs/readBlock': readBlock,
  'fs/writeBlock': writeBlock,
  'fs/close': async ({ params, files }) => {
    await files.close(params.string('handleId'))
    return {}
  },
}

/** Asked by codex's own client, for skills that lie in a project; see `serve.ts`. */
export async function walkFiles({ params, executor, signal, drained }: Call): Promise<object> {
  const path = pathIn(params)
  const options = params.object('options')
  const limits = {
    maxDepth: atMost(options, 'maxDepth', EXECUTOR_LIMITS.walkDepth),
    maxDirectories: atMost(options, 'maxDirectories', EXECUTOR_LIMITS.walkDirectories),
    maxEntries: atMost(options, 'maxEntries', EXECUTOR_LIMITS.directoryEntries),
  }
  await drained()
  const { entries, errors, truncated } = await executor.walk(path, limits, signal)
  const onWire = <T extends { path: string }>(list: readonly T[]) =>
    list.map((one) => ({ ...one, path: uriFromPath(one.path) }))
  return { entries: onWire(entries), errors: onWire(errors), truncated }
}

function atMost(params: Params, name: string, most: number): number {
  const value = params.integer(name)
  if (value <= most) return value
  throw wireError('invalidRequest', `\`${name}\` is at most ${most}`)
}

function pathIn(params: Params): string {
  refuseRestrictions(params)
  return params.path('path')
}

function pathsIn(params: Params): [from: string, to: string] {
  refuseRestrictions(params)
  return [params.path('sourcePath'), params.path('destinationPath')]
}

/** Left out, a flag is true, as on every stock exec-server, even where that is `rm -rf`. */
function flag(params: Params, name: string): boolean {
  return !params.has(name) || params.boolean(name)
}

async function readFile({ params, executor, signal, maxFileBytes, drained }: Call) {
  const path = pathIn(params)
  await drained()
  const bytes = await executor.readFile(path, { signal, maxBytes: maxFileBytes })
  return { dataBase64: new Base64(bytes) }
}

async function getMetadata({ params, executor }: Call): Promise<MetadataResult> {
  const { kind, isSymlink, size, modifiedMs, mode, replaceable } = await executor.metadata(pathIn(params))
  return {
    isDirectory: kind === 'directory',
    isFile: kind === 'file',
    isSymlink,
    size: size ?? 0,
    createdAtMs: 0,
    modifiedAtMs: modifiedMs,
    ...(mode === undefined ? {} : { mode }),
    ...(replaceable === undefined ? {} : { replaceable }),
  }
}

async function readDirectory({ params, executor, drained }: Call) {
  const path = pathIn(params)
  await drained()
  const entries = await executor.list(path)
  const limit = EXECUTOR_LIMITS.directoryEntries
  if (entries.length > limit)
    throw wireError('internal', `fs/readDirectory returned ${entries.length} entries; limit is ${limit}`)
  return {
    entries: entries.map(({ name, kind }) => ({
      ...nameOnWire(name),
      isDirectory: kind === 'directory',
      isFile: kind === 'file',
    })),
  }
}

/** JSON cannot carry a name that is not UTF-8 (readers of other languages refuse lone surrogates): it goes beside. */
function nameOnWire(name: string): { fileName: string; nameUri?: string } {
  if (isWellFormed(name)) return { fileName: name }
  return { fileName: name.replace(/[\udc80-\udcff]/g, '\ufffd'), nameUri: uriFromPath(`/${name}`) }
}

async function open({ params, executor, files }: Call) {
  const handleId = params.string('handleId')
  const path = pathIn(params)
  const mode = params.has('mode') ? params.string('mode') : 'read'
  if (mode !== 'read' && mode !== 'replace')
    throw wireError('invalidParams', `unknown variant \`${mode}\`, expected \`read\` or \`replace\``)
  await files.open(handleId, () => executor.open(path, mode))
  return { handleId }
}

async function readBlock({ params, files, drained }: Call) {
  const file = await files.get(params.string('handleId'))
  const [offset, length] = [params.integer('offset'), params.integer('len')]
  checkBlock('len', length)
  await drained()
  const { bytes, eof } = await file.read(offset, length)
  return { chunk: new Base64(bytes), eof }
}

async function writeBlock({ params, files }: Call): Promise<object> {
  const file = await files.get(params.string('handleId'))
  const [offset, bytes] = [params.integer('offset'), params.bytes('chunk')]
  checkBlock('chunk', bytes.length)
  await file.write(offset, bytes)
  return {}
}

function checkBlock(name: string, length: number): void {
  const { blockBytes } = PROTOCOL_LIMITS
  if (length >= 1 && length <= blockBytes) return
  throw wireError('invalidRequest', `\`${name}\` must be 1 to ${blockBytes} bytes, not ${length}`)
}
