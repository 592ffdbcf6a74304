import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema } from './schema.ts'

/** Of `timeout_ms`, in ms; the call waits no longer than `MAX_WAIT_MS` all the same. */
export const TIMEOUT_MS = { usual: 600_000, most: 3_600_000 } as const

/** What `overwrite` and `transport` take. */
export const OVERWRITES = ['replace', 'skip', 'error', 'newer'] as const
export const TRANSPORTS = ['auto', 'http', 'ws'] as const

/** How long one call waits at most, in ms: some clients end a call after 5 min. */
export const MAX_WAIT_MS = 280_000

/** What a model reads of `copy_path`. */
export const COPY_PATH: ToolInfo = {
  name: 'copy_path',
  title: 'Copy files between environments',
  description:
    'Copy a file, or with recursive a directory, from one environment (machine) to others, or within one; no byte of it passes through you. A destination that is a directory or ends in "/" gets the source under its own name; missing parents are made; a directory that is there is merged into. Modes, times, links and holes are kept; special files are skipped and named. All is written beside, compared by sha256 and then renamed (a merge: file by file): a copy that fails leaves the destination as it was, and a partial copy beside it from which the same call goes on. Answers with files, bytes, rate, sha256 and the exact destination; a copy that takes longer than the wait goes on under a session_id for read_output and terminate.',
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
        type: ['string', 'array'],
        items: { type: 'string' },
        description:
          'Environment to copy to, may be the same; or several, each with an outcome of its own. Default: the default or only one.',
      },
      destination_path: {
        type: 'string',
        description: 'The new path, or a directory to copy into; written like source_path.',
      },
      recursive: {
        type: 'boolean',
        description: 'Copy a directory with all in it. Default: false, which refuses directories.',
      },
      overwrite: {
        type: 'string',
        enum: OVERWRITES,
        description:
          'What becomes of files that are there: replace; skip them; error, before anything is written; replace them where the source is newer. Default: replace.',
      },
      exclude: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Globs of what in a directory is left out: "*.log" at any depth, "build/**" from the source on. Default: none.',
      },
      verify: {
        type: 'boolean',
        description: 'Read back what arrived and compare sha256. Default: true.',
      },
      dry_run: {
        type: 'boolean',
        description: 'Only say what would be copied, replaced and skipped. Default: false.',
      },
      resume: {
        type: 'boolean',
        description: 'Go on from, and keep, a partial copy. Default: true.',
      },
      timeout_ms: {
        type: 'integer',
        description: `How long this call waits, in ms, ${MAX_WAIT_MS} at most and by default; then the copy goes on as a session.`,
      },
      transport: {
        type: 'string',
        enum: TRANSPORTS,
        description:
          'How bytes travel between two machines: http (through their gateway) or ws (through this server). Default: auto, the faster one that can be.',
      },
    },
    ['source_path', 'destination_path'],
  ),
  annotations: ACTING,
}
