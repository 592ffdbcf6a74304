import { join } from 'node:path'
import { type Fields, fieldsOf } from './fields.ts'
import { generateIdentity, identityFromText, identityToText, type NoiseIdentity } from './noise/identity.ts'
import { SharedFile } from './shared-file.ts'
import type { State } from './state.ts'

/** The gateway's own static key for Noise, made at the first start and kept beside its other secrets. */
export async function openNoiseKey(state: State): Promise<NoiseIdentity> {
  const file = new SharedFile<Fields>(join(state.directory, 'noise-key.json'), {
    parse: (value) => fieldsOf(value),
    empty: () => fieldsOf(JSON.parse(identityToText(generateIdentity()))),
  })
  return identityFromText(JSON.stringify(await file.ensure()))
}
