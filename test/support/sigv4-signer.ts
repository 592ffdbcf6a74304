import { createHash, createHmac } from 'node:crypto'

/** The headers with which codex signs a POST of JSON, with the two halves of a join token as AWS keys. */
export function signedHeaders(
  address: string,
  token: string,
  body = '',
  now = new Date(),
): Record<string, string> {
  const [accessKey = '', secret = ''] = token.split('.')
  const { host, pathname } = new URL(address)
  const date = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const scope = `${date.slice(0, 8)}/us-east-1/execute-api/aws4_request`
  const names = 'content-type;host;x-amz-date'
  const headers = `content-type:application/json\nhost:${host}\nx-amz-date:${date}\n`
  const canonical = ['POST', pathname, '', headers, names, sha256(body)].join('\n')
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = scope.split('/').reduce<string | Buffer>((parent, part) => hmac(parent, part), `AWS4${secret}`)
  return {
    'content-type': 'application/json',
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names}, Signature=${hmac(key, text).toString('hex')}`,
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
