import type { EnvPolicy } from '../protocol/methods.ts'

/** Environment variables of a process. */
export type Variables = Readonly<Record<string, string>>

/** The variables of this process, without those named: the secrets we were configured with are not for our children. */
export function ownVariables(hidden: readonly string[]): Variables {
  const own = Object.entries(process.env).filter(([name]) => !hidden.includes(name))
  return Object.fromEntries(own.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/** What a policy leaves of them, in codex's own order: inherit, leave out, set, and at last keep only. */
export function applyEnvPolicy(own: Variables, policy: EnvPolicy): Variables {
  const defaults = policy.ignoreDefaultExcludes ? [] : SECRETS
  const excluded = [...defaults, ...policy.exclude].map(patternFrom)
  const inherited = Object.entries(own).filter(
    ([name]) => isInherited(name, policy.inherit) && !excluded.some((pattern) => pattern.test(name)),
  )
  const wanted = policy.includeOnly.map(patternFrom)
  const all = Object.entries({ ...Object.fromEntries(inherited), ...policy.set })
  const isWanted = (name: string) => wanted.length === 0 || wanted.some((pattern) => pattern.test(name))
  return Object.fromEntries(all.filter(([name]) => isWanted(name)))
}

/** What codex leaves out unless it is told not to. */
const SECRETS = ['*KEY*', '*SECRET*', '*TOKEN*']

/** What codex takes for the core of an environment. */
const CORE = [
  'PATH',
  'SHELL',
  'TMPDIR',
  'TEMP',
  'TMP',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'LOGNAME',
  'USER',
]

function isInherited(name: string, inherit: EnvPolicy['inherit']): boolean {
  switch (inherit) {
    case 'all':
      return true
    case 'core':
      return CORE.includes(name.toUpperCase())
    case 'none':
      return false
  }
}

/** `*` is any text, `?` one character; upper and lower case are the same. */
function patternFrom(glob: string): RegExp {
  const parts = [...glob].map((char) => {
    if (char === '*') return '.*'
    return char === '?' ? '.' : char.replace(/[\\^$.|+()[\]{}/-]/, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`, 'isu')
}
