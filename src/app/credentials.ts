import type { Credential } from '../credentials/credential.ts'
import { credentialFromCommand } from '../credentials/from-command.ts'
import { credentialFromEnvironment } from '../credentials/from-environment.ts'
import { credentialFromFile } from '../credentials/from-file.ts'
import type { SecretSource } from './secret-source.ts'

/** The credentials of this server: one for each source, so that all who need it share what was read and renewed. */
export class Credentials {
  readonly #made = new Map<string, Credential>()

  of(source: SecretSource): Credential {
    const key = JSON.stringify(source)
    const made = this.#made.get(key) ?? create(source)
    this.#made.set(key, made)
    return made
  }
}

function create(source: SecretSource): Credential {
  switch (source.kind) {
    case 'variable':
      return credentialFromEnvironment(source.name)
    case 'file':
      return credentialFromFile(source.path)
    case 'command':
      return credentialFromCommand(source.argv)
  }
}
