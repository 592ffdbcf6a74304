import { LOG_LEVELS } from '../util/log.ts'

/** How a value is read and checked (`option-values.ts`). A `variable` is the name of one that must be set: never a secret. */
export type OptionKind =
  | 'switch'
  | 'text'
  | 'file'
  | 'description'
  | 'command'
  | 'ws-url'
  | 'http-url'
  | 'loopback-url'
  | 'variable'
  | 'name=url'
  | 'name=variable'
  | 'name=file'
  | 'log-level'
  | 'address'
  | 'name'
  | 'duration'

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

export type OptionCommand = 'serve' | 'executor' | 'gateway' | 'up' | GatewayCommand

/** Commands beside a running gateway. */
type GatewayCommand =
  | 'gateway token join'
  | 'gateway token workspace'
  | 'gateway token internal'
  | 'gateway token rotate'
  | 'gateway add'
  | 'gateway remove'
  | 'gateway status'

const SERVE = ['serve'] as const
const EXECUTOR = ['executor'] as const
const RUN_GATEWAY = ['gateway'] as const
const UP = ['up'] as const
const SERVERS = ['serve', 'executor', 'gateway'] as const
const JOIN = ['gateway token join'] as const
const TOKEN = ['gateway token workspace'] as const
const ROTATE = ['gateway token rotate'] as const
const ALL_GATEWAY = [
  'gateway',
  'gateway token join',
  'gateway token workspace',
  'gateway token internal',
  'gateway token rotate',
  'gateway add',
  'gateway remove',
  'gateway status',
] as const
const EVERYWHERE = ['serve', 'executor', 'up', ...ALL_GATEWAY] as const

const GATEWAY = 'Environments behind a gateway'
const DIRECT = 'Environments reached directly'
const LISTEN = 'Executor'
const SERVE_GATEWAY = 'Gateway'
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
    description: 'Variable that holds the workspace token.',
  },
  {
    name: 'workspace-token-file',
    kind: 'file',
    value: 'PATH',
    group: GATEWAY,
    commands: SERVE,
    description: 'File that holds it instead; read at each connection and watched, so it may be rotated.',
  },
  {
    name: 'workspace-token-command',
    kind: 'command',
    value: 'CMD',
    group: GATEWAY,
    commands: SERVE,
    description:
      'Command that prints it instead: run without a shell, at most 10 s, and again when the token is refused or has expired.',
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
    name: 'exec-gateway-internal-secret-file',
    kind: 'file',
    value: 'PATH',
    group: GATEWAY,
    commands: SERVE,
    description: 'File that holds it instead.',
  },
  {
    name: 'exec-gateway-internal-secret-command',
    kind: 'command',
    value: 'CMD',
    group: GATEWAY,
    commands: SERVE,
    description: 'Command that prints it instead.',
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
    name: 'loopback-token-file',
    kind: 'file',
    value: 'PATH',
    group: GATEWAY,
    commands: SERVE,
    description: 'File that holds it instead.',
  },
  {
    name: 'loopback-token-command',
    kind: 'command',
    value: 'CMD',
    group: GATEWAY,
    commands: SERVE,
    description: 'Command that prints it instead.',
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
    name: 'environment-token-file',
    kind: 'name=file',
    value: 'NAME=PATH',
    isRepeatable: true,
    group: DIRECT,
    commands: SERVE,
    description: 'File that holds it instead; read at each connection, so it may be rotated.',
  },
  {
    name: 'listen',
    kind: 'loopback-url',
    value: 'URL',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Where to listen: ws:// and a loopback address. Port 0 takes a free one; the address is printed. Without it, --gateway or --stdio: ws://127.0.0.1:0.',
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
    name: 'gateway',
    kind: 'http-url',
    value: 'URL',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Dial in to this gateway instead of listening, and come back after any loss. https://, or http:// on loopback. Needs --token-file.',
  },
  {
    name: 'token-file',
    kind: 'file',
    value: 'FILE',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'The file with the join token for --gateway. Read at each registration, so it may be written anew.',
  },
  {
    name: 'name',
    kind: 'name',
    value: 'N',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'What the machine is called at the gateway. Without it: as the token says.',
  },
  {
    name: 'description',
    kind: 'description',
    value: 'D',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'What the machine is for, in words that an agent reads. Without it: as the token says.',
  },
  {
    name: 'stdio',
    kind: 'switch',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Serve one client on standard input and output, a message a line: ssh HOST env-mcp executor --stdio.',
  },
  {
    name: 'root',
    kind: 'file',
    value: 'DIR',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Keep all file operations below this directory, links included. Commands are not kept there: for that too, add --read-only, which starts none.',
  },
  {
    name: 'read-only',
    kind: 'switch',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'Change no file, and start no command.',
  },
  {
    name: 'user',
    kind: 'text',
    value: 'USER',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'Become this user, for good, before anything else. Needs to be started as root.',
  },
  {
    name: 'group',
    kind: 'text',
    value: 'GROUP',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'Become this group, and no other. Without it: the groups of --user.',
  },
  {
    name: 'print-service',
    kind: 'switch',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'Print the file with which systemd, or launchd on macOS, keeps the executor running with these flags, and end.',
  },
  {
    name: 'retain',
    kind: 'duration',
    value: 'TIME',
    default: '1d',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      'How long processes, their output and exit are kept after the last client has left them, and after their end: 30s or more. Not with --stdio.',
  },
  {
    name: 'spool',
    kind: 'file',
    value: 'DIR',
    group: LISTEN,
    commands: EXECUTOR,
    description:
      "Where output beyond 1 MB of a process is kept: up to 256 MB each, 4 GB in all. Without it: a directory of the user's own.",
  },
  {
    name: 'exit-on-stdin-close',
    kind: 'switch',
    group: LISTEN,
    commands: EXECUTOR,
    description: 'End when the standard input ends: a child that does not outlive its parent.',
  },
  {
    name: 'listen',
    kind: 'address',
    value: 'HOST:PORT',
    default: '127.0.0.1:7420',
    group: SERVE_GATEWAY,
    commands: RUN_GATEWAY,
    description:
      'Where to listen. Another address than loopback needs --tls-cert and --tls-key, or --behind-proxy. Port 0 takes a free one.',
  },
  {
    name: 'listen',
    kind: 'address',
    value: 'HOST:PORT',
    default: '127.0.0.1:7420',
    group: SERVE_GATEWAY,
    commands: UP,
    description: 'Where its gateway listens, on loopback. Port 0 takes a free one.',
  },
  {
    name: 'public-url',
    kind: 'http-url',
    value: 'URL',
    group: SERVE_GATEWAY,
    commands: RUN_GATEWAY,
    description: 'How the gateway is reached from outside. Without it: as each request came.',
  },
  {
    name: 'tls-cert',
    kind: 'file',
    value: 'FILE',
    group: SERVE_GATEWAY,
    commands: RUN_GATEWAY,
    description: 'Serve TLS with this certificate (PEM, with its chain). Needs --tls-key.',
  },
  {
    name: 'tls-key',
    kind: 'file',
    value: 'FILE',
    group: SERVE_GATEWAY,
    commands: RUN_GATEWAY,
    description: 'The key of the certificate (PEM).',
  },
  {
    name: 'behind-proxy',
    kind: 'switch',
    group: SERVE_GATEWAY,
    commands: RUN_GATEWAY,
    description: 'A proxy in front ends TLS and says where requests come from (X-Forwarded-For).',
  },
  {
    name: 'audit',
    kind: 'file',
    value: 'FILE',
    group: SERVE_GATEWAY,
    commands: ['gateway', 'up'],
    description:
      'Where each connection and call is written down, as a line of JSON; never their contents. Without it: audit.jsonl in the state; off: nowhere.',
  },
  {
    name: 'state',
    kind: 'file',
    value: 'DIR',
    group: SERVE_GATEWAY,
    commands: [...ALL_GATEWAY, 'up'],
    description: "Where the gateway keeps its state. Without it: a directory of the user's own.",
  },
  {
    name: 'workspace',
    kind: 'name',
    value: 'W',
    group: SERVE_GATEWAY,
    commands: ['gateway token join', 'gateway token workspace', 'gateway add', 'gateway remove'],
    description: 'The workspace; it is made by its first use.',
  },
  {
    name: 'name',
    kind: 'name',
    value: 'N',
    group: SERVE_GATEWAY,
    commands: JOIN,
    description: 'What the machine is called in its workspace.',
  },
  {
    name: 'name',
    kind: 'name',
    value: 'N',
    group: SERVE_GATEWAY,
    commands: UP,
    description: "What this machine is called. Without it: the first word of its host's name.",
  },
  {
    name: 'description',
    kind: 'description',
    value: 'D',
    group: SERVE_GATEWAY,
    commands: ['gateway token join', 'gateway add'],
    description: 'What the machine is for, in words that an agent reads.',
  },
  {
    name: 'default',
    kind: 'switch',
    group: SERVE_GATEWAY,
    commands: ['gateway token join', 'gateway add'],
    description: 'Make it the one that is meant when an agent names none.',
  },
  {
    name: 'ttl',
    kind: 'duration',
    value: 'TIME',
    default: '1h',
    group: SERVE_GATEWAY,
    commands: TOKEN,
    description: 'How long the token is good: 90s, 15m, 1h, 7d.',
  },
  {
    name: 'join',
    kind: 'switch',
    group: SERVE_GATEWAY,
    commands: ROTATE,
    description: 'Rotate the key of join tokens, not that of workspace tokens.',
  },
  {
    name: 'overlap',
    kind: 'duration',
    value: 'TIME',
    default: '1d',
    group: SERVE_GATEWAY,
    commands: ROTATE,
    description: 'How long tokens of the key before are still good.',
  },
  {
    name: 'log-level',
    kind: 'log-level',
    value: 'LEVEL',
    default: 'info',
    group: LOG,
    commands: SERVERS,
    description: `How much is logged, on stderr: ${LOG_LEVELS.join(', ')}.`,
  },
  {
    name: 'log-level',
    kind: 'log-level',
    value: 'LEVEL',
    default: 'error',
    group: LOG,
    commands: UP,
    description: `How much is logged, on stderr, between the lines it shows: ${LOG_LEVELS.join(', ')}.`,
  },
  {
    name: 'log-file',
    kind: 'file',
    value: 'FILE',
    group: LOG,
    commands: [...SERVERS, 'up'],
    description: 'Also log to this file.',
  },
  {
    name: 'help',
    kind: 'switch',
    group: GENERAL,
    commands: EVERYWHERE,
    description: 'Show this help; -h does too.',
  },
  {
    name: 'version',
    kind: 'switch',
    group: GENERAL,
    commands: EVERYWHERE,
    description: 'Show the version.',
  },
] as const satisfies readonly OptionRow[]

export type OptionName = (typeof OPTIONS)[number]['name']

/** The options of a command, in the order of the table. */
export function optionsOf(command: OptionCommand): readonly (OptionRow & { readonly name: OptionName })[] {
  const rows: readonly (OptionRow & { readonly name: OptionName })[] = OPTIONS
  return rows.filter((row) => row.commands.includes(command))
}
