import { MAX_DESCRIPTION } from '../util/description-rule.ts'
import { type Fields, fieldsOf, optionalText } from './fields.ts'
import type { DialInEra } from './link.ts'
import { type NoisePublicKey, parsePublicKey } from './noise/identity.ts'

/** What an executor says of itself when it registers. */
export interface RegisterBody {
  readonly era: Exclude<DialInEra, 'direct'>
  readonly key: NoisePublicKey | undefined
  /** The same for all registrations of one process; `undefined` where its version does not tell. */
  readonly identity: string | undefined
  /** What the machine is for, when it says so itself: ours do. */
  readonly description?: string | undefined
  /** It waits for credit on each stream: ours says so. */
  readonly heedsCredit: boolean
}

export const NOISE_PROFILE = 'noise_hybrid_ik_v1'

/**
 * Tells the era of an executor by what it sends: a Noise profile with keys (0.141 and later), its own id (0.129, 0.130: bare
 * text), nothing (0.131 to 0.140: relay frames in clear). Throws a plain sentence for a profile that is not known.
 */
export function parseRegisterBody(value: unknown): RegisterBody {
  const fields = value === undefined ? {} : fieldsOf(value, 'the body')
  if (fields.security_profile !== undefined) return noiseBody(fields)
  const identity = optionalText(fields, 'idempotency_id')
  const description = optionalText(fields, 'description', MAX_DESCRIPTION)
  const era = fields.executor_id === undefined ? 'relay' : 'text'
  return { era, key: undefined, identity, description, heedsCredit: fields.stream_credit === true }
}

function noiseBody(fields: Fields): RegisterBody {
  if (fields.security_profile !== NOISE_PROFILE)
    throw new Error(
      `the security profile ${JSON.stringify(fields.security_profile)} is not "${NOISE_PROFILE}"`,
    )
  const key = parsePublicKey(fields.executor_public_key)
  if (!key) throw new Error('"executor_public_key" is not a public key of the suite')
  return { era: 'noise', key, identity: key.x25519.toString('base64'), heedsCredit: false }
}
