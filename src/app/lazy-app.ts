import { TOOL_INFOS } from '../tools/info/list.ts'
import type { Logger } from '../util/log.ts'
import type { App } from './app.ts'
import type { ServeOptions } from './options.ts'

/** The app, loaded and made at the first call: a client that lists the tools waits for no more than their descriptions. */
export function createLazyApp(options: ServeOptions, logger: Logger): App {
  let app: Promise<App> | undefined
  const load = () => {
    app ??= import('./app.ts').then(({ createApp }) => createApp(options, logger))
    return app
  }
  return {
    host: {
      list: () => Promise.resolve(TOOL_INFOS),
      call: async (...call) => (await load()).host.call(...call),
      onChange: () => () => {},
    },
    close: async () => (await app?.catch(() => undefined))?.close(),
  }
}
