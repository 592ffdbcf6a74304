import { resolve } from 'node:path'
import { parseDuration } from '../util/duration.ts'
import { isLoopback } from '../util/loopback.ts'
import { type Flags, type Parsed, parseFlags, type Variables } from './flags.ts'
import type { OptionName } from './option-table.ts'
import { type LogOptions, logFromFlags } from './options.ts'

/** What `env-mcp executor` was told, whole and checked. */
export interface ExecutorOptions {
  readonly door: ExecutorDoor
  /**
   * How long processes are kept without a client, in ms, and where what they write (undefined: in a place of the user's own, who is
   * known only later); not on standard input and output.
   */
  readonly shared: { readonly retainMs: number; readonly spoolDirectory: string | undefined } | undefined
  /** Absolute; file operations stay below it. */
  readonly root: string | undefined
  readonly isReadOnly: boolean
  readonly identity: { readonly user: string | undefined; readonly group: string | undefined }
  /** Only to be told how the system keeps it running. */
  readonly printService: boolean
  readonly exitOnStdinClose: boolean
  readonly log: LogOptions
}

/** How clients come to an executor. */
export type ExecutorDoor =
  | {
      readonly kind: 'listen'
      readonly host: string
      readonly port: number
      readonly tokenEnv: string | undefined
    }
  | {
      readonly kind: 'gateway'
      readonly url: string
      /** Absolute. */
      readonly tokenFile: string
      readonly name: string | undefined
      readonly description: string | undefined
    }
  | { readonly kind: 'stdio' }

/** Where an executor listens that was told nothing. */
const USUAL_LISTEN = 'ws://127.0.0.1:0'

/** A client that lost its connection finds out, and comes back, within this; before, what it has must not be ended. */
const LEAST_RETAIN_SECONDS = 30

/** Flags that make sense with one door only. */
const FLAGS_OF: Readonly<Record<ExecutorDoor['kind'], readonly OptionName[]>> = {
  listen: ['token-env'],
  gateway: ['token-file', 'name', 'description'],
  stdio: [],
}

/** The options of `executor`. */
export function parseExecutorOptions(
  argv: readonly string[],
  env: Variables,
  cwd: string,
): Parsed<ExecutorOptions> {
  const parsed = parseFlags(argv, 'executor', env)
  if (!parsed.ok) return parsed
  const flags = parsed.options
  const door = doorFromFlags(flags, cwd)
  if (typeof door === 'string') return { ok: false, message: door }
  const root = flags.one('root')
  const shared = door.kind === 'stdio' ? whyNotShared(argv) : sharedFromFlags(flags, cwd)
  if (typeof shared === 'string') return { ok: false, message: shared }
  const isGiven = (name: OptionName) => flags.all(name).length > 0
  const needsInput = (['stdio', 'exit-on-stdin-close'] as const).find(isGiven)
  if (needsInput && isGiven('print-service')) return { ok: false, message: whyNotService(needsInput) }
  const options = {
    door,
    shared,
    root: root === undefined ? undefined : resolve(cwd, root),
    isReadOnly: isGiven('read-only'),
    identity: { user: flags.one('user'), group: flags.one('group') },
    printService: isGiven('print-service'),
    exitOnStdinClose: isGiven('exit-on-stdin-close'),
    log: logFromFlags(flags, cwd),
  }
  return { ok: true, options }
}

/** On standard input and output nothing is kept; a flag that says how would be passed over in silence. */
function whyNotShared(argv: readonly string[]): string | undefined {
  const given = ['--retain', '--spool'].find((flag) =>
    argv.some((word) => word === flag || word.startsWith(`${flag}=`)),
  )
  return given && `Flag "${given}" does not go with "--stdio": there processes end with their client`
}

/** The system gives a service no input: this one would end at once, and be started again, without end. */
function whyNotService(flag: OptionName): string {
  return `Flag "--print-service" does not go with "--${flag}": nobody is at the other end of a service`
}

function sharedFromFlags(flags: Flags, cwd: string): ExecutorOptions['shared'] | string {
  const seconds = parseDuration(flags.one('retain') ?? '') ?? 0
  if (seconds < LEAST_RETAIN_SECONDS)
    return `Flag "--retain" is ${seconds}s: it must be ${LEAST_RETAIN_SECONDS}s or more, a client that lost its connection needs that to come back`
  const retainMs = seconds * 1000
  const given = flags.one('spool')
  const spoolDirectory = given === undefined ? undefined : resolve(cwd, given)
  return { retainMs, spoolDirectory }
}

function doorFromFlags(flags: Flags, cwd: string): ExecutorDoor | string {
  const given = (['listen', 'gateway', 'stdio'] as const).filter((name) => flags.all(name).length > 0)
  const [kind = 'listen', other] = given
  if (other) return `Flags "--${kind}" and "--${other}" exclude each other: an executor has one door`
  for (const [of, names] of Object.entries(FLAGS_OF)) {
    const stray = of === kind ? undefined : names.find((name) => flags.one(name) !== undefined)
    if (stray) return `Flag "--${stray}" goes with "--${of}", not with "--${kind}"`
  }
  switch (kind) {
    case 'listen':
      return listenDoor(flags)
    case 'gateway':
      return gatewayDoor(flags, cwd)
    case 'stdio':
      return { kind }
  }
}

function listenDoor(flags: Flags): ExecutorDoor {
  const { hostname, port } = new URL(flags.one('listen') ?? USUAL_LISTEN)
  const host = hostname.replace(/^\[|\]$/g, '')
  return { kind: 'listen', host, port: Number(port || 80), tokenEnv: flags.one('token-env') }
}

/** A join token makes who has it this machine, so it travels in clear only where nobody else listens. */
function gatewayDoor(flags: Flags, cwd: string): ExecutorDoor | string {
  const url = flags.one('gateway') ?? ''
  const tokenFile = flags.one('token-file')
  if (tokenFile === undefined) return 'Flag "--token-file" is missing: "--gateway" needs it'
  const { protocol, hostname } = new URL(url)
  if (protocol === 'http:' && !isLoopback(hostname))
    return `Flag "--gateway" has the host "${hostname}" without TLS: the token would travel in clear, use https://`
  return {
    kind: 'gateway',
    url,
    tokenFile: resolve(cwd, tokenFile),
    name: flags.one('name'),
    description: flags.one('description'),
  }
}
