import type { Credential } from '../credentials/credential.ts'
import { credentialFromCommand } from '../credentials/from-command.ts'
import { credentialFromEnvironment } from '../credentials/from-environment.ts'
import { credentialFromFile } from '../credentials/from-file.ts'
import { type Clock, systemClock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import type { SecretSource } from './secret-source.ts'

interface Made {
  readonly credential: Credential
  readonly listeners: (() => void)[]
  readonly watch: Disposable | undefined
}

/**
 * The credentials of this server: one for each source, so that all who need it share what was read and renewed. That one may have
 * changed is logged, where it can be seen, until this is disposed.
 */
export class Credentials implements Disposable {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #made = new Map<string, Made>()

  constructor(logger: Logger, clock: Clock = systemClock) {
    this.#logger = logger
    this.#clock = clock
  }

  of(source: SecretSource): Credential {
    return this.#get(source).credential
  }

  /** Calls `listener` whenever there may be another secret behind a source, where that can be seen, until this is disposed. */
  onChange(source: SecretSource, listener: () => void): void {
    this.#get(source).listeners.push(listener)
  }

  [Symbol.dispose](): void {
    for (const { watch } of this.#made.values()) watch?.[Symbol.dispose]()
  }

  #get(source: SecretSource): Made {
    const key = JSON.stringify(source)
    const made = this.#made.get(key) ?? this.#make(create(source, this.#clock))
    this.#made.set(key, made)
    return made
  }

  #make(credential: Credential): Made {
    const { origin } = credential
    const listeners: (() => void)[] = []
    const watch = credential.onChange?.(() => {
      this.#logger.info({ origin }, 'token changed')
      for (const listener of listeners) listener()
    })
    return { credential, listeners, watch }
  }
}

function create(source: SecretSource, clock: Clock): Credential {
  switch (source.kind) {
    case 'variable':
      return credentialFromEnvironment(source.name)
    case 'file':
      return credentialFromFile(source.path, clock)
    case 'command':
      return credentialFromCommand(source.argv)
  }
}
