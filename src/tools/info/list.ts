import type { ToolInfo } from '../../host/tool-host.ts'
import { APPLY_PATCH } from './apply-patch.ts'
import { COPY_PATH } from './copy-path.ts'
import { EXEC_COMMAND } from './exec-command.ts'
import { LIST_ENVIRONMENTS } from './list-environments.ts'
import { READ_FILE } from './read-file.ts'
import { READ_OUTPUT } from './read-output.ts'
import { SHELL } from './shell.ts'
import { TERMINATE } from './terminate.ts'
import { WRITE_STDIN } from './write-stdin.ts'

/** What a model reads of the fixed tool set, in the order in which it is listed. It is all that a list of the tools needs. */
export const TOOL_INFOS: readonly ToolInfo[] = [
  LIST_ENVIRONMENTS,
  SHELL,
  EXEC_COMMAND,
  WRITE_STDIN,
  READ_OUTPUT,
  TERMINATE,
  READ_FILE,
  APPLY_PATCH,
  COPY_PATH,
]
