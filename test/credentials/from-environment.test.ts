import { describe, expect, it } from 'vitest'
import { credentialFromEnvironment } from '../../src/credentials/from-environment.ts'

describe('credentialFromEnvironment', () => {
  it('reads the variable anew each time', async () => {
    const variables: Record<string, string> = { TOKEN: 'first' }
    const credential = credentialFromEnvironment('TOKEN', variables)
    expect(await credential.read()).toBe('first')
    variables.TOKEN = 'second'
    expect(await credential.read()).toBe('second')
  })

  it.each([undefined, ''])('names the variable when it is %j', async (value) => {
    const credential = credentialFromEnvironment('TOKEN', { TOKEN: value })
    await expect(credential.read()).rejects.toMatchObject({
      code: 'denied',
      message: 'Cannot read a token: variable "TOKEN" is unset or empty',
    })
  })

  it('refuses what no header can carry, without repeating it', async () => {
    const credential = credentialFromEnvironment('TOKEN', { TOKEN: 'secret\nX-Other: 1' })
    await expect(credential.read()).rejects.toMatchObject({
      code: 'denied',
      message: 'Cannot use the token of variable "TOKEN": it has spaces or line breaks',
    })
  })

  it('names itself without the secret', () => {
    expect(credentialFromEnvironment('TOKEN', { TOKEN: 'secret' }).origin).toBe('variable "TOKEN"')
  })
})
