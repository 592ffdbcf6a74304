import { parseOptions } from '../app/options.ts'
import { serve } from '../app/serve.ts'
import { printError } from './terminal.ts'

/** `env-mcp serve`: MCP on stdin and stdout until the client goes, or SIGTERM, SIGINT or SIGHUP comes. */
export async function serveCommand(args: readonly string[]): Promise<number> {
  const parsed = parseOptions(args, process.env, process.cwd())
  if (!parsed.ok) {
    printError(parsed.message)
    return 2
  }
  await serve(parsed.options)
  return 0
}
