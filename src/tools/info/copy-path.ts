import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema } from './schema.ts'

/** Of `timeout_ms`, in ms. */
export const TIMEOUT_MS = { usual: 600_000, most: 3_600_000 } as const

/** What a model reads of `copy_path`. */
export const COPY_PATH: ToolInfo = {
  name: 'copy_path',
  title: 'Copy files between environments',
  description:
    'Copy a file, or with recursive a directory, from one environment (machine) to another, or within one; no byte of it passes through you. A destination that is a directory or ends in "/" gets the source under its own name; missing parents are made; a file that is there is replaced, a directory is merged into. Modes, times and links within directories are kept. All is written beside, compared by sha256 and then renamed (a merge: file by file), so a copy that fails or is cancelled before that leaves the destination as it was. Answers with files, bytes, rate, sha256 and the exact destination.',
  inputSchema: inputSchema(
    {
      source_environment_id: {
        type: 'string',
        description: 'Environment to copy from, from list_environments. Default: the default or only one.',
      },
      source_path: {
        type: 'string',
        description:
          'File or directory: absolute, ~/x, or relative to the working directory of its environment.',
      },
      destination_environment_id: {
        type: 'string',
        description: 'Environment to copy to, may be the same. Default: the default or only one.',
      },
      destination_path: {
        type: 'string',
        description: 'The new path, or a directory to copy into; written like source_path.',
      },
      recursive: {
        type: 'boolean',
        description: 'Copy a directory with all in it. Default: false, which refuses directories.',
      },
      timeout_ms: {
        type: 'integer',
        description: `Ends the copy, and cleans up, after so many ms. 1 to ${TIMEOUT_MS.most}, default ${TIMEOUT_MS.usual}.`,
      },
      transport: {
        type: 'string',
        enum: ['auto', 'http', 'ws'],
        description:
          'How bytes travel between two machines: http, straight through their gateway, or ws, through this server. Default: auto, the faster one that is possible.',
      },
    },
    ['source_path', 'destination_path'],
  ),
  annotations: ACTING,
}
