/** A name of a workspace or an executor: safe in a path, a command line and a table. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** The rule in words. */
export const NAME_RULE = '1 to 64 of letters, digits, ".", "_" and "-", beginning with a letter or digit'

export function isName(text: string): boolean {
  return NAME.test(text)
}
