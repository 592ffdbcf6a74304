import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { type GatewayRig, startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'
import { ManualClock } from '../support/manual-clock.ts'

interface Ticket {
  readonly ticket: string
  readonly upload_url: string
  readonly download_url: string
  readonly expires_at: string
}

async function rigWithTwo(options: Parameters<typeof startGatewayRig>[0] = {}) {
  const rig = await startGatewayRig(options)
  await rig.executor('w', 'from')
  await rig.executor('w', 'to')
  return rig
}

function create(rig: GatewayRig, more: object = {}) {
  const body = {
    workspace_id: 'w',
    source_exe_id: rig.exeId('w', 'from'),
    dest_exe_id: rig.exeId('w', 'to'),
    ...more,
  }
  return askHttp(`${rig.url}/api/exec-gateway/relay/create`, { token: rig.internalSecret, body })
}

async function ticketOf(rig: GatewayRig, more: object = {}): Promise<Ticket> {
  const answer = await create(rig, more)
  expect(answer.status).toBe(201)
  return answer.json() as unknown as Ticket
}

/** An upload that is under way; the answer comes when it comes. */
function upload({ upload_url, ticket }: Ticket): {
  request: ClientRequest
  answer: Promise<[number, string]>
} {
  const headers = { Authorization: `Bearer ${ticket}` }
  const sent = request(upload_url, { method: 'PUT', headers, agent: false })
  sent.on('error', () => {})
  const answer = once(sent, 'response').then(async ([response]): Promise<[number, string]> => {
    return [response.statusCode, (await text(response)).trim()]
  })
  answer.catch(() => {})
  sent.flushHeaders()
  return { request: sent, answer }
}

async function download({ download_url, ticket }: Ticket): Promise<IncomingMessage> {
  const sent = request(download_url, { headers: { Authorization: `Bearer ${ticket}` }, agent: false })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return response.on('error', () => {})
}

describe('a copy over HTTP', () => {
  it('goes straight through, and the upload is told what did', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    expect(ticket.ticket).toMatch(/^rly_[\w-]{32}$/)
    expect(ticket.upload_url).toBe(`${rig.url}/relay/${ticket.ticket}`)
    expect(ticket.download_url).toBe(ticket.upload_url)
    const life = Date.parse(ticket.expires_at) - Date.now()
    expect(life).toBeGreaterThan(4 * 60_000)
    expect(life).toBeLessThanOrEqual(5 * 60_000)

    const bytes = randomBytes(3_000_000)
    const up = upload(ticket)
    up.request.end(bytes)
    const down = await download(ticket)
    expect(down.statusCode).toBe(200)
    expect(bytes.equals(await buffer(down))).toBe(true)
    const [status, body] = await up.answer
    expect([status, JSON.parse(body)]).toEqual([200, { bytes: 3_000_000, duration_ms: expect.any(Number) }])
  })

  it('may begin with the download, and keeps the length when it is told', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    const coming = download(ticket)
    const headers = { Authorization: `Bearer ${ticket.ticket}`, 'Content-Length': '5' }
    const sent = request(ticket.upload_url, { method: 'PUT', headers, agent: false })
    sent.end('hello')
    const down = await coming
    expect([down.headers['content-length'], await text(down)]).toEqual(['5', 'hello'])
  })

  it('copies an empty file', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    const up = upload(ticket)
    up.request.end()
    expect(await text(await download(ticket))).toBe('')
    expect((await up.answer)[0]).toBe(200)
  })

  it('takes from the source no more than the other end reads', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    const up = upload(ticket)
    const down = await downloadStarted(ticket, up.request)
    up.request.write(Buffer.alloc(64_000_000))
    // Whatever fits between both ends is far less than this: what flows comes to a halt.
    for (let left = -1; left !== up.request.socket!.writableLength; ) {
      left = up.request.socket!.writableLength
      for (let n = 0; n < 20; n++) await askHttp(`${rig.url}/healthz`)
    }
    expect(up.request.socket!.writableLength).toBeGreaterThan(30_000_000)
    up.request.end()
    expect((await buffer(down)).byteLength).toBe(64_000_000)
    expect((await up.answer)[0]).toBe(200)
  })

  it('is for one upload and one download (423), by the bearer of the ticket (401)', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    const up = upload(ticket)
    await expect.poll(async () => (await upload(ticket).answer)[0]).toBe(423)
    expect((await askHttp(ticket.upload_url, { token: 'rly_other' })).status).toBe(401)
    expect((await askHttp(ticket.upload_url)).status).toBe(401)
    const down = await downloadStarted(ticket, up.request)
    expect((await askHttp(ticket.download_url, { token: ticket.ticket })).status).toBe(423)
    up.request.end('x')
    expect(await text(down)).toBe('x')
  })

  it('is gone when it is done (410)', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    const up = upload(ticket)
    up.request.end('x')
    await text(await download(ticket))
    await up.answer
    expect((await upload(ticket).answer)[0]).toBe(410)
    expect((await askHttp(ticket.download_url, { token: ticket.ticket })).status).toBe(410)
  })

  it('expires when nobody comes for the other end (410)', async () => {
    const clock = new ManualClock()
    await using rig = await rigWithTwo({ clock })
    const ticket = await ticketOf(rig, { ttl_seconds: 10 })
    const waiting = askHttp(ticket.download_url, { token: ticket.ticket })
    await expect
      .poll(async () => (await askHttp(ticket.download_url, { token: ticket.ticket })).status)
      .toBe(423)
    await clock.advance(9_999)
    await clock.advance(1)
    expect((await waiting).status).toBe(410)
    expect((await upload(ticket).answer)[0]).toBe(410)
  })

  it('ends for the download when the upload is cut, and the other way round', async () => {
    await using rig = await rigWithTwo()
    const first = await ticketOf(rig)
    const cut = upload(first)
    const down = await downloadStarted(first, cut.request)
    cut.request.destroy()
    await expect(buffer(down)).rejects.toThrow('aborted')

    const second = await ticketOf(rig)
    const up = upload(second)
    ;(await downloadStarted(second, up.request)).destroy()
    expect(await up.answer).toEqual([410, 'The download was cut'])
  })

  it('stops at its largest size (413), told before or not', async () => {
    await using rig = await rigWithTwo()
    const told = await ticketOf(rig, { max_bytes: 10 })
    const headers = { Authorization: `Bearer ${told.ticket}` }
    const sent = request(told.upload_url, {
      method: 'PUT',
      headers: { ...headers, 'Content-Length': '11' },
      agent: false,
    })
    sent.flushHeaders()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(413)
    sent.destroy()

    const untold = await ticketOf(rig, { max_bytes: 10 })
    const up = upload(untold)
    const down = await downloadStarted(untold, up.request)
    up.request.write('x'.repeat(11))
    expect((await up.answer)[0]).toBe(413)
    await expect(buffer(down)).rejects.toThrow('aborted')
    up.request.destroy()
  })

  it('ends when nothing flows for too long (408)', async () => {
    const clock = new ManualClock()
    await using rig = await rigWithTwo({ clock })
    const ticket = await ticketOf(rig)
    const up = upload(ticket)
    const down = await downloadStarted(ticket, up.request)
    up.request.write('x')
    await once(down, 'readable')
    await clock.advance(60_000)
    await clock.advance(60_000)
    expect((await up.answer)[0]).toBe(408)
    up.request.destroy()
  })

  it('may be one of so many in a workspace (429)', async () => {
    await using rig = await rigWithTwo({ limits: { maxTicketsPerWorkspace: 2 } })
    await rig.executor('w2', 'from')
    await rig.executor('w2', 'to')
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await create(rig)).status)
    const other = {
      workspace_id: 'w2',
      source_exe_id: rig.exeId('w2', 'from'),
      dest_exe_id: rig.exeId('w2', 'to'),
    }
    expect([...statuses, (await create(rig, other)).status]).toEqual([201, 201, 429, 201])
  })

  it.each([
    ['no source', { source_exe_id: undefined }, 400],
    ['an empty workspace', { workspace_id: '' }, 400],
    ['a size that is no number', { max_bytes: 'all' }, 400],
    ['an executor that is not there', { dest_exe_id: 'exe_0' }, 403],
    ['another workspace', { workspace_id: 'w2' }, 403],
  ])('is not made for a body with %s', async (_, more, status) => {
    await using rig = await rigWithTwo()
    expect((await create(rig, more)).status).toBe(status)
  })

  it('is watched and ended with the internal secret', async () => {
    await using rig = await rigWithTwo()
    const ticket = await ticketOf(rig)
    const ask = (what: string, token: string) =>
      askHttp(`${rig.url}/api/exec-gateway/relay/${what}`, { token, body: { ticket: ticket.ticket } })
    const up = upload(ticket)
    up.request.write(Buffer.alloc(1000))
    await once(await download(ticket), 'data')
    expect((await ask('status', rig.internalSecret)).json()).toEqual({ bytes: 1000 })
    expect((await ask('status', ticket.ticket)).status).toBe(401)
    expect((await ask('end', rig.internalSecret)).json()).toEqual({ bytes: 1000 })
    expect(await up.answer).toEqual([410, 'The copy was given up'])
    expect((await ask('status', rig.internalSecret)).status).toBe(410)
    expect((await ask('end', rig.internalSecret)).status).toBe(410)
    up.request.destroy()
  })
})

/** The download of an upload whose first byte is on its way. */
async function downloadStarted(ticket: Ticket, up: ClientRequest): Promise<IncomingMessage> {
  up.flushHeaders()
  return download(ticket)
}
