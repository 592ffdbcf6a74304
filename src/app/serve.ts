import { serveStdio } from '../front/stdio.ts'
import { createLogger } from '../util/log.ts'
import { VERSION } from '../util/version.ts'
import { INSTRUCTIONS } from './instructions.ts'
import { createLazyApp } from './lazy-app.ts'
import type { ServeOptions } from './options.ts'
import { watchProcess } from './process-events.ts'

/**
 * Serves MCP on this process's standard input and output until the input ends or SIGTERM, SIGINT or SIGHUP comes; then ends
 * what runs, from the outside in, each part bounded, and resolves. The process may exit then.
 */
export async function serve(options: ServeOptions): Promise<void> {
  const logger = createLogger(options.log)
  const stopped = new AbortController()
  using _ = watchProcess(() => stopped.abort(), logger)
  const app = createLazyApp(options, logger)
  await serveStdio({
    host: app.host,
    server: { name: 'env-mcp', version: VERSION, instructions: INSTRUCTIONS },
    input: process.stdin,
    output: process.stdout,
    signal: stopped.signal,
    logger,
  })
  await app.close()
  await logger.close()
}
