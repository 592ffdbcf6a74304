import type { ToolInfo } from '../../host/tool-host.ts'
import { ACTING, inputSchema, PROPERTIES } from './schema.ts'

/** What a model reads of `apply_patch`. */
export const APPLY_PATCH: ToolInfo = {
  name: 'apply_patch',
  title: 'Edit files with a patch',
  description: `Edit files on a remote machine or environment: change, add, delete, move. The patch is in codex's format (a unified diff works too):
*** Begin Patch
*** Update File: src/a.py
@@ def f():
 a line that stays
-a line to remove
+a line to add
*** Add File: b.txt
+every line begins with +
*** Delete File: c.txt
*** End Patch
Lines of a hunk begin with " ", "-" or "+", and stand as in the file, with about 3 lines around the change. Hunks are in file order; each begins with "@@", alone or with one whole line that stands above. "*** Move to: new.py" right below an Update line renames. A file is changed as a whole or not at all; the answer has a line for each, and a diff.`,
  inputSchema: inputSchema(
    {
      environment_id: PROPERTIES.environment_id,
      patch: {
        type: 'string',
        description: 'The patch. Paths: absolute, or relative to the working directory of the environment.',
      },
      atomic: {
        type: 'boolean',
        description: 'Write nothing unless every section fits. Default: false, those that fit are applied.',
      },
      dry_run: { type: 'boolean', description: 'Say what would change, and write nothing. Default: false.' },
    },
    ['patch'],
  ),
  annotations: ACTING,
}
