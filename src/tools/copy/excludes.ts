import picomatch from 'picomatch'
import { BridgeError } from '../../util/errors.ts'

/** Globs of one call: nobody writes more by hand, and each is tried on every path. */
const MAX_GLOBS = 200

/**
 * A test for paths relative to the source, made of globs as .gitignore has them: one without a slash is tried on the name, at any
 * depth; one with a slash on the whole path; a slash at the end is left away. Throws `invalid_input` on what is no glob.
 */
export function compileExcludes(globs: readonly string[]): (path: string) => boolean {
  if (globs.length > MAX_GLOBS)
    throw new BridgeError(
      'invalid_input',
      `exclude has ${globs.length} globs: at most ${MAX_GLOBS} are taken`,
    )
  const matches = globs.map(compile)
  return (path) => matches.some((isMatch) => isMatch(path))
}

function compile(glob: string): (path: string) => boolean {
  const text = glob.replace(/\/+$/, '').replace(/^\.?\//, '')
  const isPath = /^\.?\//.test(glob) || text.includes('/')
  const regex = parse(glob, text)
  return (path) => regex.test(isPath ? path : path.slice(path.lastIndexOf('/') + 1))
}

/** `s`: names may hold newlines. A leading `!` is a character like others. */
function parse(glob: string, text: string): RegExp {
  const options = { dot: true, flags: 's', strictBrackets: true, nonegate: true, noextglob: true }
  try {
    if (text === '') throw new Error('it names nothing')
    return picomatch.makeRe(text, options)
  } catch (error) {
    const why = error instanceof Error ? error.message.split(' - ')[0] : String(error)
    throw new BridgeError(
      'invalid_input',
      `exclude ${JSON.stringify(glob)} is not a glob: ${why}, such as {"exclude":["node_modules","*.log","build/**"]}`,
      { cause: error },
    )
  }
}
