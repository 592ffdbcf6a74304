import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { RelayClient } from '../../src/bridge/relay-client.ts'

const ENDS = { sourceId: 'exe_a', destinationId: 'exe_b' }
const TICKET = 'rly_0123456789abcdef'
const URLS = { upload_url: `https://gw.example/relay/${TICKET}`, download_url: 'http://gw.example/d' }

/** A gateway that answers every request so, and what it was asked. */
async function gatewayThat(answer: (secret: string, body: unknown) => [status: number, body: unknown]) {
  const asked: { path: string; body: unknown }[] = []
  const server = createServer(async (request, response) => {
    const body = await json(request)
    asked.push({ path: request.url ?? '', body })
    const [status, text] = answer((request.headers.authorization ?? '').slice('Bearer '.length), body)
    response.writeHead(status).end(typeof text === 'string' ? text : JSON.stringify(text))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const secrets = ['old-secret', 'new-secret']
  const credential = {
    origin: 'variable "SECRET"',
    read: async () => secrets[0]!,
    renew: async () => secrets[1],
  }
  return {
    client: new RelayClient({ url, workspaceId: 'w', credential }),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('RelayClient', () => {
  it('asks for a ticket in its workspace', async () => {
    await using gateway = await gatewayThat(() => [201, { ticket: TICKET, ...URLS }])
    expect(await gateway.client.create(ENDS, {})).toEqual({
      ticket: TICKET,
      uploadUrl: URLS.upload_url,
      downloadUrl: URLS.download_url,
    })
    const body = { workspace_id: 'w', source_exe_id: 'exe_a', dest_exe_id: 'exe_b' }
    expect(gateway.asked).toEqual([{ path: '/api/exec-gateway/relay/create', body }])
  })

  it('renews a secret that is refused, once', async () => {
    await using gateway = await gatewayThat((secret) =>
      secret === 'new-secret' ? [201, { ticket: TICKET, ...URLS }] : [401, 'no'],
    )
    expect((await gateway.client.create(ENDS, {})).ticket).toBe(TICKET)
    expect(gateway.asked).toHaveLength(2)
  })

  it.each([
    [
      401,
      'bad old-secret new-secret',
      'denied',
      'the gateway refused the secret of variable "SECRET" (401: bad … …)',
    ],
    [403, 'no', 'denied', 'the gateway knows one of the machines not in this workspace (403: no)'],
    [429, '16', 'unavailable', 'the gateway has too many copies under way (429: 16)'],
    [503, '', 'unavailable', 'the gateway gives no ticket for it (503)'],
    [302, '', 'unavailable', 'the gateway gives no ticket for it (302)'],
  ])('tells what %d means, without a secret', async (status, text, code, message) => {
    await using gateway = await gatewayThat(() => [status, text])
    await expect(gateway.client.create(ENDS, {})).rejects.toMatchObject({ code, message })
  })

  it.each([
    ['no JSON', '<html>'],
    ['no ticket', URLS],
    ['a ticket that would be more than a header', { ticket: `${TICKET}"\nurl = "x`, ...URLS }],
    ['more than 64 KiB', { ticket: TICKET, ...URLS, more: 'x'.repeat(64 * 1024) }],
    ['another protocol', { ticket: TICKET, ...URLS, upload_url: 'file:///etc/passwd' }],
  ])('takes no answer with %s', async (_, body) => {
    await using gateway = await gatewayThat(() => [201, body])
    await expect(gateway.client.create(ENDS, {})).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the gateway answered with something that is no ticket',
    })
  })

  it('says where it found nobody', async () => {
    const credential = { origin: 'x', read: async () => 's', renew: async () => undefined }
    const client = new RelayClient({ url: 'http://127.0.0.1:1', workspaceId: 'w', credential })
    await expect(client.create(ENDS, {})).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^no connection to http:\/\/127\.0\.0\.1:1 \(/),
    })
  })

  it('knows how much has passed where the gateway tells, and ends a copy', async () => {
    const ticket = { ticket: TICKET, uploadUrl: 'http://x/', downloadUrl: 'http://x/' }
    await using gateway = await gatewayThat(() => [200, { bytes: 12 }])
    expect(await gateway.client.passed(ticket, {})).toBe(12)
    await gateway.client.end(ticket)
    expect(gateway.asked).toEqual([
      { path: '/api/exec-gateway/relay/status', body: { ticket: TICKET } },
      { path: '/api/exec-gateway/relay/end', body: { ticket: TICKET } },
    ])
    await using other = await gatewayThat(() => [404, 'no such thing'])
    expect(await other.client.passed(ticket, {})).toBeUndefined()
    await other.client.end(ticket)
  })
})
