import { type Credential, usableSecret } from './credential.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The secret in the environment variable `name`, looked up at each read. */
export function credentialFromEnvironment(name: string, variables: Variables = process.env): Credential {
  const origin = `variable ${JSON.stringify(name)}`
  const read = async () => usableSecret(variables[name], origin)
  return {
    origin,
    read,
    async renew(refused) {
      const secret = await read()
      return secret === refused ? undefined : secret
    },
  }
}
