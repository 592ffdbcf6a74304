import { BridgeError } from '../util/errors.ts'
import type { Mismatch } from './place.ts'
import type { Seeker } from './seek.ts'

/** Why a section was not applied. The message is codex's own, word for word. */
export class PatchError extends BridgeError {
  /** The hunk that has no place, and the file it was looked for in. */
  readonly mismatch: { readonly mismatch: Mismatch; readonly seeker: Seeker } | undefined
  /** What the machine said, where codex's words leave it out. */
  readonly reason: string | undefined

  constructor(message: string, options: { cause?: BridgeError; mismatch?: PatchError['mismatch'] } = {}) {
    super(options.cause?.code ?? 'conflict', message, options)
    this.name = 'PatchError'
    this.mismatch = options.mismatch
    this.reason = options.cause && !message.includes(options.cause.message) ? options.cause.message : undefined
  }
}
