/** Where the program lies: absolute paths, for a config that works from any directory. */
export interface ProgramPaths {
  readonly node: string
  readonly program: string
}

/**
 * The table for Codex's `config.toml` that starts this program. Its keys are the ones that make Codex list the tools
 * at once, call them without a refusal in `codex exec`, and wait for long ones (README, "Use it with Codex").
 */
export function codexBlock(paths: ProgramPaths, args: readonly string[] = []): string {
  const command = [paths.program, ...args].map((arg) => JSON.stringify(arg)).join(', ')
  return [
    '[mcp_servers.env]',
    `command = ${JSON.stringify(paths.node)}`,
    `args = [${command}]`,
    'required = true',
    'omit_tools_from = ["deferred"]',
    'supports_parallel_tool_calls = true',
    'default_tools_approval_mode = "approve"',
    'tool_timeout_sec = 3600',
  ].join('\n')
}
