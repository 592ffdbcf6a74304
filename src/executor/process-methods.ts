import type { ProcessSignal, TerminalSize } from '../protocol/executor.ts'
import type { EnvPolicy, ProcessReadResult } from '../protocol/methods.ts'
import { base64 } from '../rpc/base64.ts'
import type { Call, MethodTable } from './call.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Params } from './params.ts'
import type { Program } from './program.ts'
import { refuseRestrictions } from './restrictions.ts'
import { applyEnvPolicy, type Variables } from './variables.ts'
import { wireError, wireErrorFrom } from './wire-error.ts'

/** `process/*`, as a stock exec-server has them, and ours. */
export const PROCESS_METHODS: MethodTable = {
  'process/start': start,
  'process/read': read,
  'process/write': write,
  'process/signal': signal,
  'process/terminate': terminate,
  'process/closeStdin': closeStdin,
  'process/resize': resize,
}

async function start({ params, session, executor }: Call): Promise<{ processId: string }> {
  refuseRestrictions(params)
  const processId = params.string('processId')
  const tty = params.boolean('tty')
  const pipeStdin = params.has('pipeStdin') && params.boolean('pipeStdin')
  const size = params.has('size') ? sizeFrom(params.object('size')) : undefined
  const program = programFrom(params, executor.variables)
  if (tty && program.arg0 !== undefined) throw wireError('invalidParams', '`arg0` cannot be given with `tty`')
  try {
    await session.start({ processId, tty, size, pipeStdin, program })
    return { processId }
  } catch (error) {
    throw wireErrorFrom(error, 'internal')
  }
}

function programFrom(params: Params, own: Variables): Program {
  const argv = params.strings('argv')
  if (!argv[0]) throw wireError('invalidParams', 'argv must not be empty')
  return {
    argv,
    arg0: params.has('arg0') ? params.string('arg0') : undefined,
    cwd: params.path('cwd'),
    variables: environmentFrom(params, own),
  }
}

/** Exactly `env`; with a policy, what that leaves of our own comes first. */
function environmentFrom(params: Params, own: Variables): Variables {
  const base = params.has('envPolicy') ? applyEnvPolicy(own, policyFrom(params.object('envPolicy'))) : {}
  return { ...base, ...params.texts('env') }
}

function policyFrom(params: Params): EnvPolicy {
  const inherit = params.string('inherit')
  if (inherit !== 'all' && inherit !== 'core' && inherit !== 'none')
    throw wireError('invalidParams', `unknown variant \`${inherit}\`, expected \`all\`, \`core\` or \`none\``)
  return {
    inherit,
    ignoreDefaultExcludes: params.boolean('ignoreDefaultExcludes'),
    exclude: params.strings('exclude'),
    set: params.texts('set'),
    includeOnly: params.strings('includeOnly'),
  }
}

function sizeFrom(params: Params): TerminalSize {
  const size = { cols: params.integer('cols'), rows: params.integer('rows') }
  const isPossible = (count: number) => count >= 1 && count <= 65_535
  if (isPossible(size.cols) && isPossible(size.rows)) return size
  throw wireError('invalidParams', `a terminal cannot be ${size.cols}×${size.rows}`)
}

async function read({ params, sessionOf, signal, drained }: Call): Promise<ProcessReadResult> {
  const processId = params.string('processId')
  const child = sessionOf(processId).child(processId)
  if (!child) throw wireError('invalidRequest', `unknown process id ${processId}`)
  const [afterSeq, maxBytes, waitMs] = ['afterSeq', 'maxBytes', 'waitMs'].map((name) =>
    params.has(name) ? params.integer(name) : undefined,
  )
  await drained()
  // A client that does not wait wants all that was written by now: it is its barrier.
  if (!waitMs) await child.sync()
  const request = { afterSeq: afterSeq ?? 0, waitMs: Math.min(waitMs ?? 0, EXECUTOR_LIMITS.readWaitMs) }
  // One who wants all at once gets what a stock exec-server has: what is in memory.
  const result =
    maxBytes === undefined
      ? { ...(await child.output.read(request, { signal })), isPart: false }
      : await child.read(request, { signal })
  const chunks = upTo(maxBytes, result.chunks)
  const isPart = result.isPart || chunks.length < result.chunks.length
  const last = maxBytes === undefined ? result.lastSeq : (chunks.at(-1)?.seq ?? result.lastSeq)
  return {
    chunks: chunks.map(({ seq, stream, bytes }) => ({
      seq,
      stream,
      chunk: base64(bytes),
    })),
    nextSeq: last + 1,
    exited: result.exited,
    exitCode: result.exitCode ?? null,
    closed: result.closed && !isPart,
    failure: null,
    sandboxDenied: false,
    ...(isPart ? { isPart } : {}),
  }
}

/** As many as fit, and at least one. */
function upTo<T extends { readonly bytes: Uint8Array }>(
  maxBytes: number | undefined,
  chunks: readonly T[],
): readonly T[] {
  if (maxBytes === undefined) return chunks
  let total = 0
  const end = chunks.findIndex(({ bytes }, at) => {
    total += bytes.byteLength
    return at > 0 && total > maxBytes
  })
  return end < 0 ? chunks : chunks.slice(0, end)
}

async function write({ params, sessionOf }: Call) {
  const [processId, writeId] = [params.string('processId'), params.string('writeId')]
  return { status: await sessionOf(processId).write(processId, writeId, params.bytes('chunk')) }
}

const SIGNALS: Readonly<Record<string, ProcessSignal>> = {
  interrupt: 'INT',
  TERM: 'TERM',
  KILL: 'KILL',
  HUP: 'HUP',
}

async function signal({ params, sessionOf }: Call): Promise<object> {
  const [processId, name] = [params.string('processId'), params.string('signal')]
  const known = SIGNALS[name]
  if (!known)
    throw wireError(
      'invalidParams',
      `unknown variant \`${name}\`, expected \`interrupt\`, \`TERM\`, \`KILL\` or \`HUP\``,
    )
  sessionOf(processId).child(processId)?.signal(known)
  return {}
}

async function terminate({ params, sessionOf }: Call): Promise<{ running: boolean }> {
  const processId = params.string('processId')
  return { running: await sessionOf(processId).executor.terminate(processId) }
}

async function closeStdin({ params, sessionOf }: Call): Promise<object> {
  const processId = params.string('processId')
  const child = sessionOf(processId).child(processId)
  if (!child) throw wireError('invalidRequest', `unknown process id ${processId}`)
  await child.input.close()
  return {}
}

async function resize({ params, sessionOf }: Call): Promise<object> {
  const processId = params.string('processId')
  const child = sessionOf(processId).child(processId)
  if (!child) throw wireError('invalidRequest', `unknown process id ${processId}`)
  child.resize(sizeFrom(params.object('size')))
  return {}
}
