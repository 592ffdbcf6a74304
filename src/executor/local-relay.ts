import type { RelayOutcome, RelayPart, RelayRequest } from '../protocol/relay.ts'
import { type CallOptions, callScope } from '../util/signals.ts'
import { type Bounds, requireStart, requireWriting } from './bounds.ts'
import type { Program } from './program.ts'
import { Refusal } from './refusal.ts'
import { receiveInput, sendOutput } from './relay-command.ts'
import { receiveFile, sendFile } from './relay-file.ts'
import type { RelayAddress } from './relay-http.ts'
import type { Variables } from './variables.ts'

export interface LocalRelayOptions {
  /** The gateway that this machine has dialled in to: nothing is sent elsewhere. */
  readonly gatewayUrl: string | undefined
  readonly bounds: Bounds
  /** What a command inherits. */
  readonly variables: () => Variables
}

/** Ends of copies through the gateway, within the bounds that clients have; see `Executor`. */
export class LocalRelay {
  readonly #options: LocalRelayOptions

  constructor(options: LocalRelayOptions) {
    this.#options = options
  }

  async send({ ticket, part }: RelayRequest, options?: CallOptions): Promise<RelayOutcome> {
    const address = this.#address(ticket)
    const { places } = this.#options.bounds
    using scope = callScope(options, 'Sending')
    if ('path' in part) return await sendFile({ ...part, places, address }, scope.signal)
    return await sendOutput(await this.#command(part, address), scope.signal)
  }

  async receive({ ticket, part }: RelayRequest, options?: CallOptions): Promise<RelayOutcome> {
    const address = this.#address(ticket)
    const { bounds } = this.#options
    using scope = callScope(options, 'Receiving')
    if (!('path' in part)) return await receiveInput(await this.#command(part, address), scope.signal)
    requireWriting(bounds, `Cannot write ${JSON.stringify(part.path)}`)
    return await receiveFile({ ...part, places: bounds.places, address }, scope.signal)
  }

  #address(ticket: string): RelayAddress {
    const { gatewayUrl } = this.#options
    if (gatewayUrl !== undefined) return { gatewayUrl, ticket }
    throw new Refusal(
      'conflict',
      'Cannot copy through a gateway',
      'this executor has not dialled in to a gateway',
    )
  }

  async #command({ argv, env }: Exclude<RelayPart, { path: string; offset: number }>, address: RelayAddress) {
    const { bounds, variables } = this.#options
    const program: Program = { argv, cwd: '/', variables: { ...variables(), ...env } }
    await requireStart(bounds, program)
    return { program, address }
  }
}
