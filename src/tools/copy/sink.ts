import type { CallOptions } from '../../util/signals.ts'

/** Where the bytes of a copy go, in order. Disposing one that was not ended leaves what it has written to its maker. */
export interface Sink extends AsyncDisposable {
  /** The size of the pieces that it is best given. */
  readonly pieceBytes: number
  /** Zeros have become holes, if it was told to make them. */
  readonly keepsHoles: boolean
  /** Resolves when more may be sent; what the caller gave must not be changed after. */
  write(bytes: Uint8Array, options: CallOptions): Promise<void>
  /** All is written. Resolves when it lies there; rejects when not every byte does. */
  end(options: CallOptions): Promise<void>
}
