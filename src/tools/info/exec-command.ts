import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'

/** Of `yield_time_ms`, in ms. */
export const YIELD_MS = { usual: 1000, most: 30_000 }

/** Of a terminal. */
export const SIZE = { cols: 80, rows: 24, most: 1000 }

/** What a model reads of `exec_command`. */
export const EXEC_COMMAND: ToolInfo = {
  name: 'exec_command',
  title: 'Start a process',
  description: `Start a process that may outlive the call on a remote machine or environment: a server, a long build or training, a REPL, a debugger, an interactive terminal (tty). Returns what it wrote within yield_time_ms, and a session ID for write_stdin, read_output and terminate, or the exit code when it ended.`,
  inputSchema: inputSchema(
    {
      environment_id: PROPERTIES.environment_id,
      command: PROPERTIES.command,
      cwd: PROPERTIES.cwd,
      env: PROPERTIES.env,
      tty: {
        type: 'boolean',
        description: 'Run in a terminal (TERM is "dumb" unless env says otherwise). Default: false, pipes.',
      },
      cols: { type: 'integer', description: `Columns of the terminal. Default ${SIZE.cols}.` },
      rows: { type: 'integer', description: `Rows of the terminal. Default ${SIZE.rows}.` },
      pipe_stdin: {
        type: 'boolean',
        description: 'Keep the standard input open for write_stdin; false: it is empty. Default: true.',
      },
      yield_time_ms: {
        type: 'integer',
        description: `How long to collect output before returning, in ms. 0 to ${YIELD_MS.most}, default ${YIELD_MS.usual}.`,
      },
      raw: PROPERTIES.raw,
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['command'],
  ),
  annotations: ACTING,
}
