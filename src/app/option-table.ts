import { LOG_LEVELS } from '../util/log.ts'

/** How a value is read and checked (`option-values.ts`). A `variable` is the name of one that must be set: never a secret. */
export type OptionKind =
  | 'switch'
  | 'text'
  | 'file'
  | 'ws-url'
  | 'http-url'
  | 'loopback-url'
  | 'variable'
  | 'name=url'
  | 'name=variable'
  | 'log-level'

export interface OptionRow {
  /** Without the dashes. */
  readonly name: string
  readonly kind: OptionKind
  /** What stands for the value in help; a switch has none. */
  readonly value?: string
  readonly default?: string
  readonly isRepeatable?: boolean
  readonly group: string
  readonly commands: readonly OptionCommand[]
  readonly description: string
}

export type OptionCommand = 'serve' | 'executor'

const SERVE = ['serve'] as const
const EXECUTOR = ['executor'] as const
const BOTH = ['serve', 'executor'] as const

const GATEWAY = 'Environments behind a gateway'
const DIRECT = 'Environments reached directly'
const LISTEN = 'Executor'
const LOG = 'Log'
const GENERAL = 'General'

/** Every option there is: what is parsed, checked, shown by --help and in the README comes from here. */
export const OPTIONS = [
  {
    name: 'workspace-id',
    kind: 'text',
    value: 'ID',
    group: GATEWAY,
    commands: SERVE,
    description: 'The workspace whose executors are the environments.',
  },
  {
    name: 'exec-gateway-url',
    kind: 'ws-url',
    value: 'URL',
    group: GATEWAY,
    commands: SERVE,
    description:
      'Where executors are reached: ws:// or wss://, with /bridge; the id of the executor is appended.',
  },
  {
    name: 'workspace-token-env',
    kind: 'variable',
    value: 'VAR',
    group: GATEWAY,
    commands: SERVE,
    description: 'Variable that holds the workspace token. Read at each connection, so it may be rotated.',
  },
  {
    name: 'exec-gateway-internal-url',
    kind: 'http-url',
    value: 'URL',
    group: GATEWAY,
    commands: SERVE,
    description:
      'The HTTP side of the gateway: lists the environments (unless --app-gateway-internal does) and, with its secret, relays copies.',
  },
  {
    name: 'exec-gateway-internal-secret-env',
    kind: 'variable',
    value: 'VAR',
    group: GATEWAY,
    commands: SERVE,
    description:
      'Variable that holds the secret for relaying copies over HTTP. Without it copies go over WebSockets.',
  },
  {
    name: 'app-gateway-internal',
    kind: 'http-url',
    value: 'URL',
    group: GATEWAY,
    commands: SERVE,
    description: 'The older form: the loopback API that lists the environments. Needs --loopback-token-env.',
  },
  {
    name: 'loopback-token-env',
    kind: 'variable',
    value: 'VAR',
    group: GATEWAY,
    commands: SERVE,
    description: 'Variable that holds the token of the loopback API.',
  },
  {
    name: 'environment',
    kind: 'name=url',
    value: 'NAME=URL',
    isRepeatable: true,
    group: DIRECT,
    commands: SERVE,
    description: 'An environment and the ws:// or wss:// address of its exec-server.',
  },
  {
    name: 'environment-token-env',
    kind: 'name=variable',
    value: 'NAME=VAR',
    isRepeatable: true,
    group: DIRECT,
    commands: SERVE,
    description: 'Variable that holds the token for that environment.',
  },
  {
    name: 'listen',
    kind: 'loopback-url',
    value: 'URL',
    default: 'ws://127.0.0.1:0',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Where to listen: ws:// and a loopback address. Port 0 takes a free one; the address is printed.',
  },
  {
    name: 'token-env',
    kind: 'variable',
    value: 'VAR',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Variable that holds the token clients must bring. Without it every process of this machine may connect.',
  },
  {
    name: 'exit-on-stdin-close',
    kind: 'switch',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'End when the standard input ends: a child that does not outlive its parent.',
  },
  {
    name: 'log-level',
    kind: 'log-level',
    value: 'LEVEL',
    default: 'info',
    group: LOG,
    commands: BOTH,
    description: `How much is logged, on stderr: ${LOG_LEVELS.join(', ')}.`,
  },
  {
    name: 'log-file',
    kind: 'file',
    value: 'FILE',
    group: LOG,
    commands: BOTH,
    description: 'Also log to this file.',
  },
  {
    name: 'help',
    kind: 'switch',
    group: GENERAL,
    commands: BOTH,
    description: 'Show this help; -h does too.',
  },
  {
    name: 'version',
    kind: 'switch',
    group: GENERAL,
    commands: BOTH,
    description: 'Show the version.',
  },
] as const satisfies readonly OptionRow[]

export type OptionName = (typeof OPTIONS)[number]['name']

/** The options of a command, in the order of the table. */
export function optionsOf(command: OptionCommand): readonly (OptionRow & { readonly name: OptionName })[] {
  const rows: readonly (OptionRow & { readonly name: OptionName })[] = OPTIONS
  return rows.filter((row) => row.commands.includes(command))
}
