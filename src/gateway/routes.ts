import type { ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import type { Ask } from './ask.ts'

/** What a route answers: a value as JSON, or a short text. */
export interface Answer {
  readonly status: number
  readonly json?: unknown
  readonly text?: string
  /** What kind of text; plain unless said. */
  readonly contentType?: string
}

/** A route for plain requests. Refusals are thrown as `HttpError`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Segments; `:name` takes one of any content. */
  readonly path: string
  /** Gives the answer, or nothing when it has written the response itself. */
  answer(ask: Ask, response: ServerResponse): Answer | Promise<Answer | undefined>
}

/** A route for WebSockets. */
export interface SocketRoute {
  readonly path: string
  /** The largest message taken from it. */
  readonly maxMessageBytes: number
  /** Takes the socket in the same tick as what it decided on, or throws `HttpError` before the upgrade. */
  connect(ask: Ask, accept: (take: (socket: WebSocket) => void) => void): void | Promise<void>
}

/** The routes that a path fits, each with the parameters it has there. */
export function routesAt<R extends { readonly path: string }>(
  routes: readonly R[],
  path: string,
): { route: R; params: Record<string, string> }[] {
  return routes.flatMap((route) => {
    const params = matchPath(route.path, path)
    return params ? [{ route, params }] : []
  })
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const text = given[index]!
    if (!segment.startsWith(':')) {
      if (segment !== text) return undefined
      continue
    }
    const value = decoded(text)
    if (!value) return undefined
    params[segment.slice(1)] = value
  }
  return params
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
