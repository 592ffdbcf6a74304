import type { Credential } from '../credentials/credential.ts'
import { type CachedEnvironments, createCachedSource } from '../environments/cached.ts'
import type { NameResolver } from '../environments/environment.ts'
import { appGatewayApi, createHttpSource, execGatewayApi } from '../environments/http-source.ts'
import { withoutReserved } from '../environments/reserved.ts'
import { createNameResolver } from '../environments/resolve.ts'
import { createStaticSource, directEnvironment, localEnvironment } from '../environments/static.ts'
import type { Logger } from '../util/log.ts'
import type { Credentials } from './credentials.ts'
import type { GatewayOptions } from './gateway-options.ts'
import type { ServeOptions } from './options.ts'

/** The environments of `options`: those of flags, and behind them those the gateway tells of. Nobody is asked yet. */
export function createResolver(
  options: ServeOptions,
  credentials: Credentials,
  logger: Logger,
): NameResolver {
  const own = options.direct.map(directEnvironment)
  if (options.local) own.push(localEnvironment(options.local, options.cwd))
  const sources = [createStaticSource(own)]
  if (options.gateway) {
    const { list } = options.gateway
    const taken = new Set(own.map(({ name }) => name))
    const source = gatewaySource(list, credentials.of(list.token), { taken, logger })
    credentials.onChange(list.token, () => source.expire())
    sources.push(source)
  }
  return createNameResolver(sources)
}

function gatewaySource(
  { form, url }: GatewayOptions['list'],
  credential: Credential,
  { taken, logger }: { taken: ReadonlySet<string>; logger: Logger },
): CachedEnvironments {
  const createApi = form === 'app' ? appGatewayApi : execGatewayApi
  const source = createHttpSource(createApi(url, credential))
  return createCachedSource(withoutReserved(source, taken), { logger })
}
