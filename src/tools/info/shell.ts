import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'

/** Of `timeout_ms`, in ms. */
export const TIMEOUT_MS = { usual: 45_000, most: 280_000 }

/** What a model reads of `shell`. */
export const SHELL: ToolInfo = {
  name: 'shell',
  title: 'Run a command',
  description: `Run a command (bash, git, make, python, tests …) on a remote machine or environment to its end, and get its output (stdout and stderr in order) and exit code. When timeout_ms is over it is not lost: the answer gives a session ID, for read_output to wait on and for terminate. For servers, prompts and terminals use exec_command.`,
  inputSchema: inputSchema(
    {
      environment_id: PROPERTIES.environment_id,
      command: PROPERTIES.command,
      cwd: PROPERTIES.cwd,
      env: PROPERTIES.env,
      stdin: { type: 'string', description: 'Text for the standard input, which then ends. Default: empty.' },
      timeout_ms: {
        type: 'integer',
        description: `How long to wait for the end, in ms. 0 to ${TIMEOUT_MS.most}, default ${TIMEOUT_MS.usual}.`,
      },
      max_output_bytes: PROPERTIES.max_output_bytes,
    },
    ['command'],
  ),
  annotations: ACTING,
}
