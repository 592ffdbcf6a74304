import type { ToolHost } from '../host/tool-host.ts'
import { createToolHost } from '../tools/invoke.ts'
import type { Logger } from '../util/log.ts'
import { createMachines } from './machines.ts'
import type { ServeOptions } from './options.ts'
import { createResolver } from './resolver.ts'

/** Everything that lives long, put together. */
export interface App {
  readonly host: ToolHost
  /** Ends the calls that run, with what they started, then every connection. Bounded; resolves when nothing is left. */
  close(): Promise<void>
}

/** Makes it all, once. Nothing is read, asked or dialled yet. */
export function createApp(options: ServeOptions, logger: Logger): App {
  const machines = createMachines(options, logger)
  const host = createToolHost({ resolver: createResolver(options, logger), machines, logger })
  return {
    host,
    async close() {
      await host[Symbol.asyncDispose]()
      await machines[Symbol.asyncDispose]()
    },
  }
}
