import type { ToolInfo } from '../../host/tool-host.ts'
import { inputSchema, LOOKING, PROPERTIES } from './schema.ts'

/** What a model reads of `read_file`. */
export const READ_FILE: ToolInfo = {
  name: 'read_file',
  title: 'Read a file',
  description:
    'Read a file on a remote machine or environment: text as it is, a window of it by bytes or lines (also of files of many GB), PNG, JPEG, GIF and WebP images up to 5 MB as an image. Says the size, and the call that reads on.',
  inputSchema: inputSchema(
    {
      environment_id: PROPERTIES.environment_id,
      path: {
        type: 'string',
        description: 'File: absolute, ~/x, or relative to the working directory of the environment.',
      },
      offset: { type: 'integer', description: 'First byte, from 0. Default: 0.' },
      limit: { type: 'integer', description: 'How many bytes. Default: as many as max_output_bytes allows.' },
      start_line: { type: 'integer', description: 'First line, from 1; instead of offset and limit.' },
      line_count: { type: 'integer', description: 'How many lines. Default: as many as fit.' },
      max_output_bytes: {
        type: 'integer',
        description: PROPERTIES.max_output_bytes.description.replace(/; .*half\./, '.'),
      },
    },
    ['path'],
  ),
  annotations: LOOKING,
}
