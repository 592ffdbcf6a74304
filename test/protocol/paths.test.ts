import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytesFromPath,
  isWellFormed,
  pathFromBytes,
  pathFromWire,
  uriFromPath,
} from '../../src/protocol/paths.ts'
import { BridgeError } from '../../src/util/errors.ts'

/** Bytes of a file name: any but NUL and, here, `/`; mostly text, so that valid and invalid meet. */
const nameBytes = fc
  .array(
    fc.oneof(
      fc.integer({ min: 1, max: 255 }).map((byte) => Buffer.from([byte])),
      fc.string({ unit: 'grapheme' }).map((text) => Buffer.from(text)),
    ),
  )
  .map((parts) => Buffer.concat(parts).filter((byte) => byte !== 0 && byte !== 47))

describe('paths of any bytes', () => {
  it('go to text and back to their own bytes', () => {
    fc.assert(
      fc.property(nameBytes, (bytes) => {
        expect(Buffer.compare(bytesFromPath(pathFromBytes(bytes)), bytes)).toBe(0)
      }),
    )
  })

  it('go to a URI and back, and different names have different URIs', () => {
    fc.assert(
      fc.property(nameBytes, nameBytes, (a, b) => {
        const [left, right] = [`/${pathFromBytes(a)}`, `/${pathFromBytes(b)}`]
        expect(pathFromWire(uriFromPath(left))).toBe(left)
        expect(uriFromPath(left) === uriFromPath(right)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
  })

  it('carry a byte that is not UTF-8 as a lone surrogate', () => {
    const cases: [number[], string][] = [
      [[0x63, 0xe9], 'c\udce9'],
      [[0xff, 0x41], '\udcffA'],
      [[0xc3], '\udcc3'],
      [[0xc3, 0xc3, 0xa9], '\udcc3é'],
      [[0xf0, 0x9f, 0x98], '\udcf0\udc9f\udc98'],
      // A surrogate written in UTF-8 is not UTF-8.
      [[0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
      // U+FFFD itself is a character like others.
      [[0xef, 0xbf, 0xbd, 0xff], '\ufffd\udcff'],
    ]
    for (const [bytes, text] of cases) {
      expect(pathFromBytes(Uint8Array.from(bytes))).toBe(text)
      expect([...bytesFromPath(text)]).toEqual(bytes)
    }
  })

  it('keep a character beyond U+FFFF whole beside an escaped byte', () => {
    // U+10080 is D800 DC80: its second half looks like an escaped byte.
    const path = '/\u{10080}\udc80'
    expect(bytesFromPath(path)).toEqual(Buffer.from([0x2f, 0xf0, 0x90, 0x82, 0x80, 0x80]))
    expect(pathFromBytes(bytesFromPath(path))).toBe(path)
  })

  it('refuse what no name can be: NUL, half a character', () => {
    for (const path of ['/a\0b', '/\ud800', '/\udc00', '/\ud800x', '/\udfff'])
      expect(() => bytesFromPath(path)).toThrow(BridgeError)
  })
})

describe('isWellFormed', () => {
  it('tells text that JSON can carry from text that it cannot', () => {
    expect(['', 'a', 'é', '😀', '\u{10080}', '\ufffd'].every(isWellFormed)).toBe(true)
    expect(['\ud800', '\udc80', 'a\ud83d', '\ude00\ud83d'].some(isWellFormed)).toBe(false)
  })
})

describe('uriFromPath', () => {
  it('encodes everything but unreserved characters and slashes', () => {
    expect(uriFromPath('/srv/app-1_2.3~x')).toBe('file:///srv/app-1_2.3~x')
    expect(uriFromPath('/a b')).toBe('file:///a%20b')
    expect(uriFromPath('/100%?#[]:@!$&\'()*+,;="')).toBe(
      'file:///100%25%3F%23%5B%5D%3A%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%22',
    )
    expect(uriFromPath('/café\n')).toBe('file:///caf%C3%A9%0A')
    expect(uriFromPath('/c\udce9')).toBe('file:///c%E9')
    expect(uriFromPath('/a\\b')).toBe('file:///a%5Cb')
  })

  it('names the same file as Node does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        fc.pre(!name.includes('\0') && !name.includes('/') && name !== '.' && name !== '..')
        const path = `/x/${name}y`
        expect(pathFromWire(pathToFileURL(path).href)).toBe(path)
      }),
    )
  })

  it('writes a drive of Windows as one', () => {
    expect(uriFromPath('C:\\Users\\a b')).toBe('file:///C:/Users/a%20b')
    expect(uriFromPath('d:/x')).toBe('file:///d:/x')
  })
})

describe('pathFromWire', () => {
  it('reads every form of a file URI', () => {
    for (const uri of [
      'file:///a%20b',
      'file://localhost/a%20b',
      'file:/a%20b',
      'FILE:///a b',
      'file:///a%20b',
    ])
      expect(pathFromWire(uri)).toBe('/a b')
    expect(pathFromWire('file:///100%25')).toBe('/100%')
    expect(pathFromWire('file:///100%')).toBe('/100%')
    expect(pathFromWire('file:///a%zzb')).toBe('/a%zzb')
    expect(pathFromWire('file:///C:/Users/u')).toBe('C:\\Users\\u')
    expect(pathFromWire(uriFromPath('/C:/x'))).toBe('/C:/x')
    expect(pathFromWire('file:///')).toBe('/')
  })

  it('leaves a plain path alone', () => {
    for (const path of ['/a%20b', '/tmp', 'C:\\x', 'file', 'file:x', ''])
      expect(pathFromWire(path)).toBe(path)
  })
})
