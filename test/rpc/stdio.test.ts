import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { stdioTransport } from '../../src/rpc/stdio.ts'
import { BridgeError } from '../../src/util/errors.ts'

function open() {
  const input = new PassThrough()
  const output = new PassThrough()
  const frames: string[] = []
  const reasons: Error[] = []
  const transport = stdioTransport(input, output)
  transport.start({
    frame: (data) => void frames.push(Buffer.from(data).toString()),
    closed: (reason) => void reasons.push(reason),
  })
  return { input, output, frames, reasons, transport }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('stdioTransport', () => {
  it('delivers a message for each line, however the bytes are cut', async () => {
    const { input, frames } = open()
    const bytes = Buffer.from('{"a":"ä"}\n\n{"b":2}\n{"c"')
    for (const byte of bytes) input.write(Buffer.from([byte]))
    input.write(':3}\n')
    await settled()
    expect(frames).toEqual(['{"a":"ä"}', '{"b":2}', '{"c":3}'])
  })

  it('sends each message as a line', () => {
    const { output, transport } = open()
    transport.send(Buffer.from('{"a":1}'))
    transport.send(Buffer.from('{"b":2}'))
    expect(String(output.read())).toBe('{"a":1}\n{"b":2}\n')
  })

  it('says once that it is over, when the other end closes or breaks, and sends nothing more', async () => {
    const { input, output, reasons, transport } = open()
    input.end()
    await settled()
    output.destroy(new Error('broken'))
    transport.close(new BridgeError('canceled', 'Enough'))
    transport.send(Buffer.from('{}'))
    await settled()
    expect(reasons.map(({ message }) => message)).toEqual(['The other end closed its output'])
  })

  it('gives its first reason when it is closed here, and ends the output', async () => {
    const { output, reasons, transport } = open()
    transport.close(new BridgeError('canceled', 'Enough'))
    transport.close(new BridgeError('canceled', 'Too late'))
    await settled()
    expect(reasons.map(({ message }) => message)).toEqual(['Enough'])
    expect(output.writableEnded).toBe(true)
  })

  it('ends on a line of more than 256 MiB, before it has come', async () => {
    const { input, reasons } = open()
    // The same bytes again and again: it costs nothing to keep them.
    const mebibyte = Buffer.alloc(1024 * 1024, ' ')
    for (let at = 0; at < 256; at++) input.write(mebibyte)
    await settled()
    expect(reasons).toEqual([])
    input.write(mebibyte)
    await settled()
    expect(reasons.map(({ message }) => message)).toEqual([
      'The other end sent a line of over 268435456 bytes',
    ])
  })

  it('holds a sender back while nobody reads', async () => {
    const { output, transport } = open()
    transport.send(Buffer.alloc(1024 * 1024, ' '))
    let isDrained = false
    const drained = transport.drained().then(() => {
      isDrained = true
    })
    await settled()
    expect(isDrained).toBe(false)
    output.resume()
    await drained
    expect(isDrained).toBe(true)
  })
})
