import { randomUUID } from 'node:crypto'
import type { Executor } from '../../protocol/executor.ts'
import type { RelayOutcome, RelayPart, RelayRequest, RelayTicket } from '../../protocol/relay.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import type { HttpEnd, HttpStream } from './http-end.ts'
import { scriptArgv } from './script-argv.ts'
import { scriptFailure } from './script-failure.ts'
import { SCRIPT_ENVIRONMENT } from './script-process.ts'
import { PACK, UNPACK } from './tree-scripts.ts'

/** An executor that speaks to its gateway by itself: it needs no curl, and only for a directory a shell with tar. */
export class NativeEnd implements HttpEnd {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  async whyNot(): Promise<undefined> {
    return undefined
  }

  async send(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<number> {
    const request = requestFor(stream, PACK, ticket)
    return passed('cannot read the source', await this.#executor.relaySend(request, options))
  }

  async receive(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<number> {
    const request = requestFor(stream, UNPACK, ticket)
    return passed('cannot write there', await this.#executor.relayReceive(request, options))
  }
}

function requestFor(stream: HttpStream, script: string, { ticket }: RelayTicket): RelayRequest {
  return { relayId: randomUUID(), ticket, part: partOf(stream, script) }
}

function partOf(stream: HttpStream, script: string): RelayPart {
  const { kind, path } = stream
  if (kind === 'file') return { path, offset: stream.offset }
  return { argv: scriptArgv(script, [path, stream.names, stream.holes]), env: SCRIPT_ENVIRONMENT }
}

function passed(action: string, { bytes, exitCode = 0, stderr = '', failure }: RelayOutcome): number {
  if (failure !== undefined) throw new BridgeError('unavailable', `through the gateway: ${failure}`)
  if (exitCode !== 0) throw scriptFailure(action, { exitCode, stderr })
  return bytes
}
