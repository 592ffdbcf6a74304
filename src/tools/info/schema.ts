import type { ToolInfo } from '../../host/tool-host.ts'

type Property = Readonly<Record<string, unknown>>

/** The input schema of a tool: all properties are optional but those named. Unknown ones are allowed, and ignored. */
export function inputSchema(
  properties: Readonly<Record<string, Property>>,
  required: readonly string[] = [],
): ToolInfo['inputSchema'] {
  return { type: 'object', properties, required }
}

/** How much text a result may hold, in bytes. */
export const MAX_OUTPUT_BYTES = {
  least: 100,
  /** What codex shows of a result before it cuts by itself, and without saying how to go on. */
  usual: 40_000,
  /** Far below the 10 MB at which clients give up on a line, also when every byte is escaped. */
  most: 1_000_000,
} as const

/** Defaults and ranges stand in the descriptions: codex drops the keywords for them, and descriptions without a type. */
export const PROPERTIES = {
  environment_id: {
    type: 'string',
    description:
      'Name of the environment (machine), from list_environments. Default: the default or only one.',
  },
  command: {
    type: ['array', 'string'],
    items: { type: 'string' },
    description:
      'Program and arguments as an array, run as they are; or a text for the login shell of the environment (pipes, globs, &&).',
  },
  cwd: {
    type: 'string',
    description:
      'Working directory: absolute, ~/x, or relative to the one of the environment. Default: the one of the environment.',
  },
  env: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Environment variables to add; they win over those of the machine. Default: none.',
  },
  session_id: {
    type: 'string',
    description: 'Session ID from exec_command or shell, such as "box/k7f3q2".',
  },
  raw: {
    type: 'boolean',
    description: 'Leave terminal control sequences in the output of a tty. Default: false.',
  },
  max_output_bytes: {
    type: 'integer',
    description: `Most bytes of output to return; of more the first and the last half. ${MAX_OUTPUT_BYTES.least} to ${MAX_OUTPUT_BYTES.most}, default ${MAX_OUTPUT_BYTES.usual}.`,
  },
} as const satisfies Readonly<Record<string, Property>>

/** For tools that run or change what they are told to, anywhere on a machine. */
export const ACTING = { readOnlyHint: false, destructiveHint: true, openWorldHint: true } as const

/** For tools that only look. */
export const LOOKING = { readOnlyHint: true } as const
