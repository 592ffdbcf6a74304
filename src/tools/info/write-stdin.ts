import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'

/** Of `yield_time_ms`, in ms. */
export const YIELD_MS = { usual: 250, most: 280_000 }

/** What a model reads of `write_stdin`. */
export const WRITE_STDIN: ToolInfo = {
  name: 'write_stdin',
  title: 'Write to a process',
  description: `Type into a process started by exec_command (answer a prompt, send a line to a REPL or terminal, Ctrl-C as "\\u0003"), then return what it wrote within yield_time_ms. Nothing is added: end a line with "\\n". With close: true the input ends after chars.`,
  inputSchema: inputSchema(
    {
      session_id: PROPERTIES.session_id,
      chars: { type: 'string', description: 'Characters to write. Default: none, only read.' },
      close: {
        type: 'boolean',
        description: 'End the input after chars (a tty gets Ctrl-D). Default: false.',
      },
      yield_time_ms: {
        type: 'integer',
        description: `How long to collect output after writing, in ms. 0 to ${YIELD_MS.most}, default ${YIELD_MS.usual}.`,
      },
      raw: PROPERTIES.raw,
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['session_id'],
  ),
  annotations: ACTING,
}
