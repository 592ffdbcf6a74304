/** The most bytes of a patch: beyond every patch a model writes, and small enough to hold several at a time. */
export const MAX_PATCH_BYTES = 16 * 1024 * 1024

/** What is said of a larger one. */
export function tooLargePatch(bytes: number): string {
  return `The patch has ${bytes} bytes or more: at most ${MAX_PATCH_BYTES} are taken`
}
