import { bytesFromPath, isWellFormed } from '../../protocol/paths.ts'

/**
 * The argv that runs `script` in the POSIX shell with `args` as $1, $2 … Arguments may hold any bytes of a path: the wire
 * takes UTF-8 only, so where there are others all arguments travel as octal numbers, and the script begins by reading them.
 */
export function scriptArgv(script: string, args: readonly string[]): string[] {
  if (args.every(isWellFormed)) return ['/bin/sh', '-c', script, 'sh', ...args]
  return ['/bin/sh', '-c', `${DECODE_ARGUMENTS}${script}`, 'sh', ...args.map(octal)]
}

/** The dot keeps newlines at the end of an argument, which `$( )` would cut. */
const DECODE_ARGUMENTS = `for a; do shift; a=$(printf '%b.' "$a"); set -- "$@" "\${a%.}"; done
`

function octal(arg: string): string {
  return [...bytesFromPath(arg)].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('')
}
