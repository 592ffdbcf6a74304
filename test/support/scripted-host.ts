import type { Caller, ToolCallOptions, ToolHost, ToolInfo, ToolResult } from '../../src/host/tool-host.ts'

/** What a tool does in a test. */
export type Script = (
  args: Readonly<Record<string, unknown>>,
  options: ToolCallOptions,
) => Promise<ToolResult>

/** A tool host whose tools are functions of the test. It remembers who called what. */
export class ScriptedHost implements ToolHost {
  readonly calls: { readonly caller: Caller; readonly name: string; readonly args: unknown }[] = []
  readonly #scripts: Readonly<Record<string, Script>>
  readonly #tools: readonly ToolInfo[]

  constructor(scripts: Readonly<Record<string, Script>>) {
    this.#scripts = scripts
    this.#tools = Object.keys(scripts).map((name) => ({
      name,
      title: name,
      description: `Does ${name}`,
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    }))
  }

  async list(): Promise<readonly ToolInfo[]> {
    return this.#tools
  }

  async call(caller: Caller, name: string, args: unknown, options: ToolCallOptions): Promise<ToolResult> {
    this.calls.push({ caller, name, args })
    return this.#scripts[name]!({ ...(args as object) }, options)
  }

  onChange(): () => void {
    return () => {}
  }
}
