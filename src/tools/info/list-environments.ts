import type { ToolInfo } from '../../host/tool-host.ts'
import { inputSchema, LOOKING } from './schema.ts'

/** What a model reads of `list_environments`. */
export const LIST_ENVIRONMENTS: ToolInfo = {
  name: 'list_environments',
  title: 'List environments',
  description:
    'List the environments: the remote machines, servers, GPU boxes and containers on which the other tools run commands and read, edit and copy files. JSON with name (the environment_id), description, is_default, last_seen; for connected ones also os, shell, cwd, round_trip_ms.',
  inputSchema: inputSchema({
    sessions: {
      type: 'boolean',
      description:
        'Also list the sessions of each environment, running and recent, by their session_id: those of all threads where its executor shares them, else those started here. Default: false.',
    },
  }),
  annotations: LOOKING,
}
