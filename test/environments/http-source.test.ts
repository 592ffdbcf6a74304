import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Credential } from '../../src/credentials/credential.ts'
import { credentialFromEnvironment } from '../../src/credentials/from-environment.ts'
import { appGatewayApi, createHttpSource, execGatewayApi } from '../../src/environments/http-source.ts'
import { deferred } from '../../src/util/deferred.ts'
import { always, startHttpApi } from '../support/http-api.ts'

const BOX = {
  exe_id: 'exe_1',
  name: 'box',
  description: 'a box',
  is_default: true,
  last_seen_at: '2026-05-19T10:00:00Z',
}

const credential = credentialFromEnvironment('TOKEN', { TOKEN: 's3cret' })
const source = (url: string) => createHttpSource(execGatewayApi(url, credential))

describe('createHttpSource', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('reads what the gateway tells', async () => {
    await using api = await startHttpApi(always(200, [BOX, { exe_id: 'exe_2', name: 'gpu' }]))
    const { environments } = await source(api.url).list()
    expect(environments).toEqual([
      {
        name: 'box',
        description: 'a box',
        isDefault: true,
        lastSeenAt: '2026-05-19T10:00:00Z',
        target: { kind: 'gateway', exeId: 'exe_1' },
      },
      {
        name: 'gpu',
        description: '',
        isDefault: false,
        lastSeenAt: undefined,
        target: { kind: 'gateway', exeId: 'exe_2' },
      },
    ])
  })

  it('asks the app gateway with its token', async () => {
    await using api = await startHttpApi(always(200, []))
    await createHttpSource(appGatewayApi(api.url, credential)).list()
    expect(api.requests[0]).toMatchObject({ method: 'GET', url: '/internal/connected' })
    expect(api.requests[0]?.headers).toMatchObject({ 'x-loopback-token': 's3cret' })
    expect(api.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  it('asks the exec gateway with the workspace token', async () => {
    await using api = await startHttpApi(always(200, []))
    await createHttpSource(execGatewayApi(api.url, credential)).list()
    expect(api.requests[0]).toMatchObject({ method: 'GET', url: '/api/exec-gateway/connected' })
    expect(api.requests[0]?.headers).toMatchObject({ authorization: 'Bearer s3cret' })
  })

  it('reads the token at each request', async () => {
    await using api = await startHttpApi(always(200, []))
    const variables = { TOKEN: 'one' }
    const rotated = createHttpSource(execGatewayApi(api.url, credentialFromEnvironment('TOKEN', variables)))
    await rotated.list()
    variables.TOKEN = 'two'
    await rotated.list()
    const sent = api.requests.map(({ headers }) => headers.authorization)
    expect(sent).toEqual(['Bearer one', 'Bearer two'])
  })

  it.each([
    ['app', appGatewayApi, 'x-loopback-token'],
    ['exec', execGatewayApi, 'authorization'],
  ] as const)('renews a token that the %s gateway refuses, and asks once more', async (_, api, header) => {
    await using server = await startHttpApi((request, response) => {
      const isNew = String(request.headers[header]).endsWith('token-2')
      always(isNew ? 200 : 401, isNew ? [BOX] : 'revoked')(request, response)
    })
    const renewed: string[] = []
    const rotated: Credential = {
      origin: 'a test',
      read: async () => 'token-1',
      renew: async (refused) => (renewed.push(refused) === 1 ? 'token-2' : undefined),
    }
    const { environments } = await createHttpSource(api(server.url, rotated)).list()
    expect(environments.map(({ name }) => name)).toEqual(['box'])
    expect(renewed).toEqual(['token-1'])
    expect(server.requests).toHaveLength(2)
    // The second refusal is final.
    await expect(createHttpSource(api(server.url, rotated)).list()).rejects.toMatchObject({ code: 'denied' })
  })

  // An error page that quoted the request brought the token into the log and to the model.
  it.each([
    ['exec', execGatewayApi, 401, 'no Bearer s3cret here', '(401, "no Bearer … here")'],
    ['exec', execGatewayApi, 500, 's3cret'.repeat(100), 'answered 500, "…'],
    ['app', appGatewayApi, 502, 'X-Loopback-Token: s3cret', 'answered 502, "X-Loopback-Token: …"'],
  ])('never repeats the token, %s gateway', async (_, api, status, body, words) => {
    await using server = await startHttpApi(always(status, body))
    const error = await createHttpSource(api(server.url, credential)).list().then(String, String)
    expect(error).toContain(words)
    expect(error).not.toContain('s3cret')
  })

  it.each([
    [401, 'bad token', 'denied', 'the gateway refused the token of variable "TOKEN" (401, "bad token")'],
    [403, '', 'denied', 'the gateway refused the token of variable "TOKEN" (403)'],
    [500, 'boom\n\tbang', 'unavailable', 'the gateway answered 500, "boom bang"'],
    [503, '<html><body>down</body></html>', 'unavailable', 'the gateway answered 503'],
    [200, '<!DOCTYPE html><p>hi', 'unavailable', 'the gateway answered HTML, not JSON'],
    [200, 'hello', 'unavailable', 'the gateway answered something that is not JSON'],
    [200, '{"error":"x"}', 'unavailable', 'the gateway answered an object, not an array'],
    [200, 'null', 'unavailable', 'the gateway answered null, not an array'],
  ])('says what is wrong with %i and %j', async (status, body, code, message) => {
    await using api = await startHttpApi(always(status, body))
    await expect(source(api.url).list()).rejects.toMatchObject({
      code,
      message: `Cannot list environments: ${message}`,
    })
  })

  it('does not follow a redirect', async () => {
    await using other = await startHttpApi(always(200, [BOX]))
    await using api = await startHttpApi(always(302, '', { location: other.url }))
    await expect(source(api.url).list()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Cannot list environments: the gateway answered 302, a redirect, which is not followed',
    })
    expect(other.requests).toHaveLength(0)
  })

  it('stops reading a body of more than 1 MB', async () => {
    await using api = await startHttpApi((_request, response) => {
      // Without an end: who waits for it waits for ever.
      response.write(`["${'x'.repeat(1024 * 1024)}`)
    })
    await expect(source(api.url).list()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'Cannot list environments: the gateway answered a list of more than 1 MB',
    })
  })

  it('gives up after 3 s', async () => {
    const arrived = deferred<void>()
    await using api = await startHttpApi(() => arrived.resolve())
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const list = source(api.url).list()
    const refused = expect(list).rejects.toMatchObject({ code: 'deadline' })
    await arrived.promise
    vi.advanceTimersByTime(3000)
    await refused
  })

  it('gives up when the answer stops half way', async () => {
    const arrived = deferred<void>()
    await using api = await startHttpApi((_request, response) => {
      response.write('[')
      arrived.resolve()
    })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const refused = expect(source(api.url).list()).rejects.toMatchObject({ code: 'deadline' })
    await arrived.promise
    vi.advanceTimersByTime(3000)
    await refused
  })

  it('says where nobody listens', async () => {
    const { url } = await addressOfNobody()
    await expect(source(url).list()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^Cannot list environments: no connection to http:\/\/127.* \(connect ECONNREFUSED/,
      ),
    })
  })

  it('says when the gateway hangs up', async () => {
    await using api = await startHttpApi((request) => request.socket.destroy())
    await expect(source(api.url).list()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('ends with the signal of the caller', async () => {
    await using api = await startHttpApi(() => controller.abort())
    const controller = new AbortController()
    await expect(source(api.url).list({ signal: controller.signal })).rejects.toMatchObject({
      code: 'canceled',
    })
  })

  it('does not ask without a token', async () => {
    await using api = await startHttpApi(always(200, []))
    const unset = createHttpSource(execGatewayApi(api.url, credentialFromEnvironment('TOKEN', {})))
    await expect(unset.list()).rejects.toMatchObject({ code: 'denied' })
    expect(api.requests).toHaveLength(0)
  })
})

/** A server that was, and is no more. */
async function addressOfNobody(): Promise<{ url: string }> {
  await using api = await startHttpApi(always(200, []))
  return { url: api.url }
}
