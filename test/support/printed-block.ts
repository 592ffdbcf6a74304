/** What the block for Codex's config starts, as Codex would read it. */
export interface PrintedBlock {
  readonly command: string
  readonly args: readonly string[]
}

/** Finds the block in what a command printed. */
export function printedBlock(text: string): PrintedBlock {
  const [, block = ''] = /\[mcp_servers\.env\]\n([\s\S]*?\n)\n/.exec(text) ?? []
  const [, command] = /^command = (".*")$/m.exec(block) ?? []
  const [, args] = /^args = (\[.*\])$/m.exec(block) ?? []
  if (command === undefined || args === undefined)
    throw new Error(`No block for Codex in ${JSON.stringify(text)}`)
  // A string of TOML without control characters, and a list of them, are read alike as JSON.
  return { command: JSON.parse(command) as string, args: JSON.parse(args) as string[] }
}
