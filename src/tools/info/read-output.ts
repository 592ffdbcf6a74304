import type { ToolInfo } from '../../host/tool-host.ts'
import { inputSchema, LOOKING, PROPERTIES } from './schema.ts'

/** Of `yield_time_ms`, in ms. */
export const YIELD_MS = { usual: 1000, most: 280_000 }

/** What a model reads of `read_output`. */
export const READ_OUTPUT: ToolInfo = {
  name: 'read_output',
  title: 'Read the output of a process',
  description:
    'Read what a process started by exec_command or shell has written since the last read, running or finished (log, progress, exit code). Waits for output, for its exit or for a text, at most yield_time_ms. The output of the last 64 processes is kept.',
  inputSchema: inputSchema(
    {
      session_id: {
        type: ['string', 'array'],
        items: { type: 'string' },
        description:
          'Session ID, such as "box/k7f3q2"; or several: the first that has what is waited for ends the wait.',
      },
      after_seq: {
        type: 'integer',
        description:
          'Read again what came after this position; 0: from the start. Default: since the last read.',
      },
      yield_time_ms: {
        type: 'integer',
        description: `How long to wait, in ms. 0 to ${YIELD_MS.most}, default ${YIELD_MS.usual}.`,
      },
      wait_for: {
        type: 'string',
        description:
          '"output" (default), "exit", or a regular expression that new output must match, such as "listening on|error".',
      },
      tail_lines: { type: 'integer', description: 'Only the last so many lines. Default: all.' },
      grep: { type: 'string', description: 'Only lines that match this regular expression. Default: all.' },
      raw: PROPERTIES.raw,
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['session_id'],
  ),
  annotations: LOOKING,
}
