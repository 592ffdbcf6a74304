import { BridgeError } from '../util/errors.ts'
import type { Unplaced } from './unplaced.ts'

/** Why a section was not applied. The message is codex's own, word for word. */
export class PatchError extends BridgeError {
  /** The hunk that has no place, when that is why. */
  readonly unplaced: Unplaced | undefined
  /** What the machine said, where codex's words leave it out. */
  readonly reason: string | undefined

  constructor(message: string, options: { cause?: BridgeError; unplaced?: Unplaced } = {}) {
    super(options.cause?.code ?? 'conflict', message, options)
    this.name = 'PatchError'
    this.unplaced = options.unplaced
    const said = options.cause?.message
    this.reason = said !== undefined && !message.includes(said) ? said : undefined
  }
}
