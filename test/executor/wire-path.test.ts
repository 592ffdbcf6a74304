import { describe, expect, it } from 'vitest'
import { parsePathUri } from '../../src/executor/wire-path.ts'

describe('parsePathUri', () => {
  it.each([
    ['file:///', '/'],
    ['file:///srv/app', '/srv/app'],
    ['file://localhost/srv', '/srv'],
    ['file:/srv', '/srv'],
    ['FILE:///srv', '/srv'],
    ['file:///srv/', '/srv'],
    ['file:///srv//app/./x/../y', '/srv/app/y'],
    ['file:///../..', '/'],
    ['file:///a b/é', '/a b/é'],
    ['file:///a%20b/%C3%A9%25%3F%23', '/a b/é%?#'],
    ['file:///srv%2Fapp', '/srv/app'],
    ['file:///%FF', '/\udcff'],
    ['file:///100%', '/100%'],
  ])('takes %s', (uri, path) => {
    expect(parsePathUri(uri)).toBe(path)
  })

  it.each([
    ['/srv/app', -32602, 'invalid URI: relative URL without a base'],
    ['', -32602, 'invalid URI: relative URL without a base'],
    ['srv', -32602, 'invalid URI: relative URL without a base'],
    ['http://x/y', -32602, 'invalid URI: it is not a file: URI'],
    ['file:relative', -32602, 'invalid URI: it is not a file: URI'],
    ['file:///srv?x', -32602, 'query parameters are not allowed in path URIs'],
    ['file:///srv#x', -32602, 'fragments are not allowed in path URIs'],
    ['file:///a%00b', -32602, 'invalid URI: the path holds a NUL byte'],
    ['file://otherhost/srv', -32600, "'file://otherhost/srv' is invalid here: it names another host"],
  ])('refuses %s', (uri, rpcCode, message) => {
    expect(() => parsePathUri(uri)).toThrow(expect.objectContaining({ rpcCode, message }))
  })
})
