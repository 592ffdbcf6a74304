import type { Params } from './params.ts'
import { wireError } from './wire-error.ts'

/**
 * Throws when a request asks to be kept within bounds (a sandbox, a proxy, no links) that are not enforced here: it must
 * not be carried out without them.
 */
export function refuseRestrictions(params: Params): void {
  for (const name of ['managedNetwork', 'networkProxy']) if (params.has(name)) throw unsupported(name)
  if (params.has('enforceManagedNetwork') && params.boolean('enforceManagedNetwork'))
    throw unsupported('enforceManagedNetwork')
  if (params.has('followSymlinks') && !params.boolean('followSymlinks'))
    throw unsupported('followSymlinks: false')
  if (params.has('sandbox') && params.object('sandbox').object('permissions').string('type') !== 'disabled')
    throw unsupported('sandbox')
}

function unsupported(what: string) {
  return wireError('invalidRequest', `this executor does not enforce \`${what}\`: leave it out to go without`)
}
