import { isSameSecret } from '../util/same-secret.ts'
import { type Ask, bearerOf, checked, readJson } from './ask.ts'
import type { CopyTickets } from './copy-tickets.ts'
import type { CopyTransfer } from './copy-transfer.ts'
import { fieldsOf, optionalCount, textField } from './fields.ts'
import type { Gate } from './gate.ts'
import { HttpError } from './http-error.ts'
import type { GatewayLimits } from './limits.ts'
import type { PublicUrl } from './public-url.ts'
import type { Registry } from './registry.ts'
import type { Answer, Route } from './routes.ts'

export interface CopyRouteOptions {
  readonly gate: Gate
  readonly registry: Registry
  readonly tickets: CopyTickets
  readonly publicUrl: PublicUrl
  readonly limits: GatewayLimits
}

/** Copies over HTTP: a ticket is made, watched and ended with the internal secret, and is itself the token of its one PUT and one GET. */
export function copyRoutes(options: CopyRouteOptions): Route[] {
  const { tickets } = options
  return [
    { method: 'POST', path: '/api/exec-gateway/relay/create', answer: (ask) => create(ask, options) },
    {
      method: 'POST',
      path: '/api/exec-gateway/relay/status',
      answer: async (ask) => ({ status: 200, json: { bytes: (await named(ask, options)).bytes } }),
    },
    {
      method: 'POST',
      path: '/api/exec-gateway/relay/end',
      async answer(ask) {
        const transfer = await named(ask, options)
        transfer.abort(new HttpError(410, 'The copy was given up'))
        return { status: 200, json: { bytes: transfer.bytes } }
      },
    },
    {
      method: 'PUT',
      path: '/relay/:ticket',
      async answer(ask) {
        const { bytes, durationMs } = await tickets.get(ticketOf(ask, options.gate)).upload(ask.request)
        return { status: 200, json: { bytes, duration_ms: durationMs } }
      },
    },
    {
      method: 'GET',
      path: '/relay/:ticket',
      async answer(ask, response) {
        await tickets.get(ticketOf(ask, options.gate)).download(response)
        return undefined
      },
    },
  ]
}

async function create(
  ask: Ask,
  { gate, registry, tickets, publicUrl, limits }: CopyRouteOptions,
): Promise<Answer> {
  gate.internal(ask)
  const body = await readJson(ask, limits)
  const wanted = checked(() => wantedCopy(body, limits))
  for (const exeId of [wanted.source, wanted.destination])
    if (!registry.find(wanted.workspaceId, exeId))
      throw new HttpError(403, 'There is no such executor in this workspace')
  const ticket = tickets.make(wanted)
  const url = `${publicUrl.http(ask)}/relay/${ticket}`
  const expiresAt = new Date(Date.now() + wanted.ttlMs).toISOString()
  return { status: 201, json: { ticket, upload_url: url, download_url: url, expires_at: expiresAt } }
}

/** The copy whose ticket stands in the body, for who has the internal secret. */
async function named(ask: Ask, { gate, tickets, limits }: CopyRouteOptions): Promise<CopyTransfer> {
  gate.internal(ask)
  const body = await readJson(ask, limits)
  return tickets.get(checked(() => textField(fieldsOf(body, 'the body'), 'ticket')))
}

function wantedCopy(body: unknown, limits: GatewayLimits) {
  const fields = fieldsOf(body, 'the body')
  const ttlMs = (optionalCount(fields, 'ttl_seconds') || limits.ticketTtlMs / 1000) * 1000
  return {
    workspaceId: textField(fields, 'workspace_id'),
    source: textField(fields, 'source_exe_id'),
    destination: textField(fields, 'dest_exe_id'),
    ttlMs: Math.min(ttlMs, limits.maxTicketTtlMs),
    maxBytes: optionalCount(fields, 'max_bytes') || Number.POSITIVE_INFINITY,
  }
}

/** The ticket in the path, when the bearer brings the same. */
function ticketOf(ask: Ask, gate: Gate): string {
  const ticket = ask.params.ticket!
  const token = bearerOf(ask)
  if (token !== undefined && isSameSecret(token, ticket)) return ticket
  throw gate.failed(ask, token, 'The bearer is not the ticket of this address')
}
