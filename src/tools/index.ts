import { applyPatchTool } from './apply-patch.ts'
import { copyPathTool } from './copy-path.ts'
import { execCommandTool } from './exec-command.ts'
import { listEnvironmentsTool } from './list-environments.ts'
import { readFileTool } from './read-file.ts'
import { readOutputTool } from './read-output.ts'
import { shellTool } from './shell.ts'
import { terminateTool } from './terminate.ts'
import type { Tool } from './tool.ts'
import { writeStdinTool } from './write-stdin.ts'

/** The fixed tool set: what each does. */
export const TOOLS: readonly Tool<unknown>[] = [
  listEnvironmentsTool,
  shellTool,
  execCommandTool,
  writeStdinTool,
  readOutputTool,
  terminateTool,
  readFileTool,
  applyPatchTool,
  copyPathTool,
]
