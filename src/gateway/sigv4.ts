import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** How far the clock of the one who signs may be from ours, in ms: what AWS allows. */
const SKEW_MS = 15 * 60_000
const ALGORITHM = 'AWS4-HMAC-SHA256'

/** A request as it came in: what its signature covers. */
export interface SignedRequest {
  readonly method: string
  /** Path and query as they stand on the request line. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** The parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
interface Signature {
  readonly accessKey: string
  /** `20150830/us-east-1/execute-api/aws4_request` */
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/**
 * The access key whose secret signed the request (AWS Signature Version 4), or `undefined` when nobody's we know did: no
 * signature, an unknown key, a wrong signature, a clock more than 15 min away, or `host` and `x-amz-date` left unsigned.
 */
export function signerOf(
  request: SignedRequest,
  secretOf: (accessKey: string) => string | undefined,
  nowMs: number,
): string | undefined {
  const parsed = parseAuthorization(header(request, 'authorization'))
  const date = header(request, 'x-amz-date')
  // Not the other way round: a date that is none is NaN, which is neither far nor near.
  if (!parsed || !(Math.abs(timeOf(date) - nowMs) <= SKEW_MS)) return undefined
  if (!['host', 'x-amz-date'].every((name) => parsed.signedHeaders.includes(name))) return undefined
  const secret = secretOf(parsed.accessKey)
  // An unknown key costs as much time as a wrong signature.
  const expected = sign(request, parsed, date, secret ?? 'nobody')
  const given = Buffer.from(parsed.signature)
  const isEqual = given.length === expected.length && timingSafeEqual(given, expected)
  return isEqual && secret !== undefined ? parsed.accessKey : undefined
}

function parseAuthorization(text: string): Signature | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]{1,6144})\/(\d{8}\/[^/,\s]+\/[^/,\s]+\/aws4_request),\s*SignedHeaders=([a-z0-9;-]{1,500}),\s*Signature=([0-9a-f]{64})$/.exec(
      text,
    )
  if (!match) return undefined
  const [, accessKey, scope, signedHeaders, signature] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ]
  return { accessKey, scope, signedHeaders: signedHeaders.split(';'), signature }
}

function sign(
  request: SignedRequest,
  { scope, signedHeaders }: Signature,
  date: string,
  secret: string,
): Buffer {
  const [path = '/', query = ''] = request.url.split(/\?(.*)/s)
  const headers = signedHeaders.map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}\n`)
  const canonical = [
    request.method,
    // Every service but S3 signs the path encoded once more.
    path.split('/').map(encode).join('/'),
    canonicalQuery(query),
    headers.join(''),
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
  const text = [ALGORITHM, date, scope, sha256(Buffer.from(canonical))].join('\n')
  const key = scope.split('/').reduce((parent: string | Buffer, part) => hmac(parent, part), `AWS4${secret}`)
  return Buffer.from(hmac(key, text).toString('hex'))
}

function canonicalQuery(query: string): string {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return pairs
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return `${name}=${value}`
    })
    .sort()
    .join('&')
}

/** 20150830T123600Z in ms since 1970; NaN for anything else. */
function timeOf(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  const [, year, month, day, hour, minute, second] = match ?? []
  return match ? Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) : Number.NaN
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function header(request: SignedRequest, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
