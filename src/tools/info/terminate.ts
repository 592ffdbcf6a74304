import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'

/** Those that `signal` may name. */
export const SIGNALS = ['INT', 'TERM', 'KILL'] as const

/** What a model reads of `terminate`. */
export const TERMINATE: ToolInfo = {
  name: 'terminate',
  title: 'End a process',
  description:
    'Stop a process started by exec_command or shell. By default it is interrupted (Ctrl-C) and gets 2 s to end, then its whole process group is killed. With signal, only that signal is sent. Returns what happened and the last output.',
  inputSchema: inputSchema(
    {
      session_id: PROPERTIES.session_id,
      signal: {
        type: 'string',
        enum: SIGNALS,
        description: 'Send only this signal, to the whole process group. Default: INT, then KILL.',
      },
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['session_id'],
  ),
  annotations: ACTING,
}
