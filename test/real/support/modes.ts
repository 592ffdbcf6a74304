import { callTool, type ModelItem, runCell } from './model.ts'

/** How a model calls one tool: directly, or in code that prints the result. */
export type Call = (id: string, tool: string, args: object) => ModelItem

const direct: Call = (id, tool, args) => callTool(id, 'env', tool, args)

/** Left to itself, code mode shows a cell that runs for 10 s as one that goes on. */
const inCode: Call = (id, tool, args) =>
  runCell(
    id,
    `// @exec: {"yield_time_ms": 60000}
const r = await tools.mcp__env__${tool}(${JSON.stringify(args)}); text(r.content[0].text)`,
  )

/** The two ways in which codex offers our tools: which model makes it choose each, and how our tools are declared there. */
export const MODES = [
  { mode: 'direct mode', model: 'scripted', call: direct, declared: /"namespace","name":"mcp__env"/ },
  { mode: 'code mode', model: 'gpt-6.1-sol', call: inCode, declared: /### `mcp__env__shell`/ },
]
