import { type Credential, liveCredential, usableSecret } from './credential.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The secret in the environment variable `name`, looked up at each read. */
export function credentialFromEnvironment(name: string, variables: Variables = process.env): Credential {
  const origin = `variable ${JSON.stringify(name)}`
  return liveCredential(origin, async () => usableSecret(variables[name], origin))
}
