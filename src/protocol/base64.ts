/** Bytes as the wire carries them. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Bytes that become text only while their message is written: a request that waits for its answer holds no text of them. */
export class Base64 {
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  toJSON(): string {
    return base64(this.#bytes)
  }
}
