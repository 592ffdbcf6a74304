import type { ToolHost } from '../host/tool-host.ts'
import { createToolHost } from '../tools/invoke.ts'
import type { Logger } from '../util/log.ts'
import { Credentials } from './credentials.ts'
import { createMachines } from './machines.ts'
import type { ServeOptions } from './options.ts'
import { createRelay } from './relay.ts'
import { createResolver } from './resolver.ts'

/** Everything that lives long, put together. */
export interface App {
  readonly host: ToolHost
  /** Ends the calls that run, with what they started, then every connection. Bounded; resolves when nothing is left. */
  close(): Promise<void>
}

/** Makes it all, once. Nothing is read, asked or dialled yet. */
export function createApp(options: ServeOptions, logger: Logger): App {
  const credentials = new Credentials(logger)
  const machines = createMachines(options, credentials, logger)
  const resolver = createResolver(options, credentials, logger)
  const relay = createRelay(options, credentials)
  const host = createToolHost({ resolver, machines, relay, logger })
  return {
    host,
    async close() {
      await host[Symbol.asyncDispose]()
      await machines[Symbol.asyncDispose]()
      credentials[Symbol.dispose]()
    },
  }
}
