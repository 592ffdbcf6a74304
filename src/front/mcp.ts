import type { Caller, ToolHost } from '../host/tool-host.ts'
import type { Clock } from '../util/clock.ts'
import { type Deferred, deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { callerFromMeta, clientFromInfo } from './caller.ts'
import * as eras from './eras.ts'
import type { FrontLimits } from './limits.ts'
import {
  failure,
  keyFromId,
  type Notification,
  type Outgoing,
  type Params,
  parseLine,
  quoted,
  type Reply,
  type Request,
  RPC_ERRORS,
  recordFrom,
} from './message.ts'
import { progressReporter } from './progress.ts'
import { inWords } from './result.ts'
import { callTool } from './tool-call.ts'

/** Where messages to the client go. */
export interface Sink {
  send(message: Outgoing): void
  /** For what may be lost when the client is slow. */
  offer(message: Outgoing): void
}

export interface McpOptions {
  readonly host: ToolHost
  readonly server: eras.ServerInfo
  readonly sink: Sink
  readonly logger: Logger
  readonly limits: FrontLimits
  readonly clock: Pick<Clock, 'now'>
}

/** A request that has no answer yet. */
interface Running {
  readonly key: string
  readonly controller: AbortController
  /** The client wants no answer any more. */
  isCanceled: boolean
}

/** A request, and what its `_meta` says. */
interface Asked {
  readonly request: Request
  readonly era: eras.Era
  readonly meta: Params
  readonly caller: Caller
}

/**
 * MCP over one connection, in both eras: lines in, messages out, whatever carries them. Calls run side by side; a
 * canceled one gets no answer. What a client sends wrong is answered, and never ends the connection.
 */
export class McpConnection {
  readonly #options: McpOptions
  readonly #running = new Set<Running>()
  /** Who said `initialize`; modern requests bring their own. */
  #client: string | undefined
  #idle: Deferred<void> | undefined

  constructor(options: McpOptions) {
    this.#options = options
  }

  /** Takes one line of the client. Never throws; what there is to answer goes to the sink, now or later. */
  receive(line: string): void {
    const message = parseLine(line)
    switch (message.kind) {
      case 'request':
        return this.#serve(message)
      case 'notification':
        return this.#notice(message)
      case 'response':
        return
      case 'refused':
        return this.#options.sink.send(message.answer)
    }
  }

  /** Aborts every call with `reason`. Unlike those a client cancels they are answered, if they end in time. */
  abort(reason: BridgeError): void {
    for (const { controller } of this.#running) controller.abort(reason)
  }

  /** Resolves when every request is answered or canceled, and its work is over. */
  idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve()
    this.#idle ??= deferred()
    return this.#idle.promise
  }

  #serve(request: Request): void {
    const { method, params } = request
    const meta = recordFrom(params._meta)
    const era = eras.eraOf(method, meta)
    const error = eras.metaFault(era, meta)
    if (error) return this.#answer(request, { error })
    const client = era === 'modern' ? clientFromInfo(meta[eras.CLIENT_KEY]) : this.#client
    const asked = { request, era, meta, caller: callerFromMeta(meta, client) }
    switch (`${era} ${method}`) {
      case 'legacy initialize':
        return this.#initialize(request)
      case 'legacy ping':
        return this.#answer(request, { result: {} })
      case 'modern server/discover':
        return this.#answer(request, { result: eras.discoverResult(this.#options.server) })
      case 'legacy tools/list':
      case 'modern tools/list':
        return this.#run(request, () => this.#list(asked))
      case 'legacy tools/call':
      case 'modern tools/call':
        return this.#run(request, (running) => this.#call(asked, running))
      default:
        return this.#answer(
          request,
          failure(RPC_ERRORS.methodNotFound, `Method not found: ${quoted(method)}`),
        )
    }
  }

  #initialize(request: Request): void {
    const { clientInfo, protocolVersion } = request.params
    this.#client = clientFromInfo(clientInfo)
    this.#answer(request, { result: eras.initializeResult(this.#options.server, protocolVersion) })
  }

  #notice({ method, params }: Notification): void {
    if (method !== 'notifications/cancelled') return
    const key = keyFromId(params.requestId)
    for (const running of this.#running) {
      if (running.key !== key) continue
      running.isCanceled = true
      running.controller.abort(new BridgeError('canceled', 'The client canceled the call'))
    }
  }

  #run(request: Request, work: (running: Running) => Promise<Reply>): void {
    const { size } = this.#running
    if (size >= this.#options.limits.runningRequests)
      return this.#answer(request, failure(RPC_ERRORS.tooBusy, `Too busy: ${size} requests run already`))
    const running = { key: request.key, controller: new AbortController(), isCanceled: false }
    this.#running.add(running)
    // Never rejects: both kinds of work turn a failure into words.
    void work(running).then((reply) => {
      this.#running.delete(running)
      if (!running.isCanceled) this.#answer(request, reply)
      if (this.#running.size === 0) this.#tellIdle()
    })
  }

  #list({ era, caller }: Asked): Promise<Reply> {
    const { host, server, logger } = this.#options
    return inWords<Reply>({
      what: 'tools/list',
      work: async () => ({ result: eras.listResult(era, server, { tools: await host.list(caller) }) }),
      say: (words) => failure(RPC_ERRORS.internal, words),
      logger,
    })
  }

  async #call({ request, era, meta, caller }: Asked, running: Running): Promise<Reply> {
    const { host, server, logger, sink, clock } = this.#options
    const { signal } = running.controller
    const progress = progressReporter({
      token: meta.progressToken,
      isLive: () => this.#running.has(running) && !running.isCanceled,
      offer: (message) => sink.offer(message),
      clock,
    })
    const outcome = await callTool({ host, caller, signal, progress, logger }, request.params)
    return 'error' in outcome ? outcome : { result: eras.resultOf(era, server, outcome) }
  }

  #answer({ id }: Request, reply: Reply): void {
    this.#options.sink.send({ id, ...reply })
  }

  #tellIdle(): void {
    this.#idle?.resolve()
    this.#idle = undefined
  }
}
