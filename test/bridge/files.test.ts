import { describe, expect, it } from 'vitest'
import { BRIDGE_LIMITS } from '../../src/bridge/limits.ts'
import { failure, openScripted } from '../support/scripted-client.ts'
import { NO_ANSWER, OLDER, Refusal, type ScriptedServerOptions } from '../support/scripted-exec-server.ts'

const MIB = 1024 * 1024
const FILE = { isDirectory: false, isFile: true, isSymlink: false, modifiedAtMs: 5 }

/** An executor of the scripted kind with one file of these bytes at every path. */
function withFile(bytes: Buffer, extra: ScriptedServerOptions['answers'] = {}): ScriptedServerOptions {
  return {
    answers: {
      'fs/getMetadata': ({ path }) => {
        if (path === '/') throw new Refusal(-32602, 'invalid URI: relative URL without a base')
        return { ...FILE, size: bytes.byteLength }
      },
      'fs/readFile': () => ({ dataBase64: bytes.toString('base64') }),
      'fs/open': ({ handleId }) => ({ handleId }),
      'fs/readBlock': ({ offset, len }) => ({
        chunk: bytes.subarray(offset, offset + len).toString('base64'),
        eof: offset + len >= bytes.byteLength,
      }),
      ...extra,
    },
  }
}

describe('BridgeClient.readFile', () => {
  it('reads a small file in one request', async () => {
    await using box = await openScripted(withFile(Buffer.from('hello')))
    expect(Buffer.from(await box.client.readFile('/a b')).toString()).toBe('hello')
    expect(box.server.calls('fs/readFile')).toEqual([{ path: 'file:///a%20b' }])
  })

  it('reads a large file in blocks, so that no request holds others up', async () => {
    const bytes = Buffer.alloc(9 * MIB, 'xyz')
    await using box = await openScripted(withFile(bytes))
    expect(Buffer.from(await box.client.readFile('/big')).equals(bytes)).toBe(true)
    expect(box.server.calls('fs/readFile')).toEqual([])
    expect(Math.max(...box.server.calls('fs/readBlock').map(({ len }) => len))).toBe(MIB)
    expect(box.server.calls('fs/close')).toHaveLength(1)
  })

  it('refuses a file larger than asked for, without reading it', async () => {
    await using box = await openScripted(withFile(Buffer.alloc(100)))
    expect((await failure(box.client.readFile('/f', { maxBytes: 99 }))).text).toBe(
      '[invalid_input] Cannot read "/f": it has over 99 bytes, the most that was asked for',
    )
    expect(box.server.calls('fs/readFile')).toEqual([])
  })

  it('refuses one that has grown since it was looked at', async () => {
    await using box = await openScripted(
      withFile(Buffer.alloc(10), {
        'fs/readFile': () => ({ dataBase64: Buffer.alloc(100).toString('base64') }),
      }),
    )
    expect((await failure(box.client.readFile('/f', { maxBytes: 50 }))).code).toBe('invalid_input')
  })

  it('reads neither directories nor devices nor pipes, which may never end', async () => {
    await using box = await openScripted()
    box.server.answer('fs/getMetadata', () => ({ ...FILE, isFile: false, isDirectory: true }))
    expect((await failure(box.client.readFile('/d'))).text).toBe(
      '[conflict] Cannot read "/d": it is a directory',
    )
    box.server.answer('fs/getMetadata', () => ({ ...FILE, isFile: false }))
    expect((await failure(box.client.readFile('/p'))).text).toBe(
      '[conflict] Cannot read "/p": it is neither a file nor a directory',
    )
    expect(box.server.calls('fs/readFile')).toEqual([])
  })
})

describe('BridgeClient.writeFile', () => {
  it('writes in one request, base64 with its padding', async () => {
    await using box = await openScripted({ answers: { 'fs/writeFile': () => ({}) } })
    await box.client.writeFile('/f', Buffer.from('a'))
    expect(box.server.calls('fs/writeFile')).toEqual([{ path: 'file:///f', dataBase64: 'YQ==' }])
  })

  it('writes a part of a larger buffer as that part', async () => {
    await using box = await openScripted({ answers: { 'fs/writeFile': () => ({}) } })
    await box.client.writeFile('/f', Buffer.from('xhellox').subarray(1, 6))
    expect(Buffer.from(box.server.calls('fs/writeFile')[0].dataBase64, 'base64').toString()).toBe('hello')
  })

  it('writes a large file in blocks where the executor takes them', async () => {
    const bytes = Buffer.alloc(BRIDGE_LIMITS.wholeWriteBytes + 1, 'q')
    await using box = await openScripted(withFile(bytes, { 'fs/writeBlock': () => ({}) }))
    await box.client.writeFile('/f', bytes)
    expect(box.server.calls('fs/open')[0]).toMatchObject({ path: 'file:///f', mode: 'replace' })
    const blocks = box.server.calls('fs/writeBlock')
    expect(blocks.map(({ offset }) => offset)).toEqual(Array.from({ length: 9 }, (_, at) => at * MIB))
    expect(Buffer.concat(blocks.map(({ chunk }) => Buffer.from(chunk, 'base64'))).equals(bytes)).toBe(true)
    expect(box.server.calls('fs/close')).toHaveLength(1)
  })

  it('says the limit of an executor that takes whole files only', async () => {
    await using box = await openScripted({ answers: OLDER['0.150'], program: () => ({}) })
    const { maxWriteFileBytes } = box.client.features
    expect(maxWriteFileBytes).toBeGreaterThan(47 * MIB)
    expect(maxWriteFileBytes).toBeLessThan(48 * MIB)
    const error = await failure(box.client.writeFile('/f', Buffer.alloc(maxWriteFileBytes + 1)))
    expect(error.text).toBe(
      `[invalid_input] Cannot write "/f": it has ${maxWriteFileBytes + 1} bytes, this executor takes files of up to ${maxWriteFileBytes}`,
    )
    expect(box.server.calls('fs/writeFile')).toEqual([])
  })

  it('can send as much as it says it can', async () => {
    const answers = { ...OLDER['0.150'], 'fs/writeFile': () => ({}) }
    await using box = await openScripted({ answers, program: () => ({}) })
    await box.client.writeFile(`/${'é'.repeat(2000)}`, Buffer.alloc(box.client.features.maxWriteFileBytes))
    expect(box.server.calls('fs/writeFile')).toHaveLength(1)
  })

  it('says that it may have been carried out when the answer never came', async () => {
    await using box = await openScripted({ answers: { 'fs/writeFile': () => NO_ANSWER } })
    expect((await failure(box.client.writeFile('/f', Buffer.from('x'), { timeoutMs: 20 }))).text).toBe(
      '[deadline] Cannot write "/f": no answer from the executor within 20 ms; unknown: it may have been carried out, so check what the file holds before repeating it',
    )
  })
})

describe('BridgeClient.open', () => {
  it('moves about as many bytes as were asked for', async () => {
    await using box = await openScripted(withFile(Buffer.alloc(50 * MIB, 'm')))
    const file = await box.client.open('/f', 'read')
    const { bytes, eof } = await file.read(40 * MIB, 2000)
    await file.close()
    expect([bytes.byteLength, eof]).toEqual([2000, false])
    expect(box.server.calls('fs/readBlock')).toEqual([
      { handleId: expect.any(String), offset: 40 * MIB, len: 2000 },
    ])
  })

  it('gives handles ids that an executor takes: at most 32 bytes, never the same', async () => {
    await using box = await openScripted(withFile(Buffer.from('x')))
    await box.client.open('/f', 'read')
    await box.client.open('/f', 'read')
    const [a, b] = box.server.calls('fs/open').map(({ handleId }) => handleId)
    expect(Buffer.byteLength(a)).toBeLessThanOrEqual(32)
    expect(a).not.toBe(b)
    // Executors before 0.162 ignore the mode, those before 0.142 would not know it.
    expect(box.server.calls('fs/open')[0]).not.toHaveProperty('mode')
  })

  it('reads to the end and says so, also when blocks come short', async () => {
    const bytes = Buffer.from('0123456789')
    const short = withFile(bytes, {
      'fs/readBlock': ({ offset, len }) => {
        const end = Math.min(offset + len, offset + 3, bytes.byteLength)
        return { chunk: bytes.subarray(offset, end).toString('base64'), eof: end === bytes.byteLength }
      },
    })
    await using box = await openScripted(short)
    const file = await box.client.open('/f', 'read')
    const whole = await file.read(0, 8)
    expect([Buffer.from(whole.bytes).toString(), whole.eof]).toEqual(['01234567', false])
    const rest = await file.read(8, 8)
    expect([Buffer.from(rest.bytes).toString(), rest.eof]).toEqual(['89', true])
  })

  it('opens for writing only where blocks can be written', async () => {
    await using box = await openScripted({ answers: OLDER['0.150'], program: () => ({}) })
    expect((await failure(box.client.open('/f', 'replace'))).text).toBe(
      '[conflict] Cannot open "/f" for writing blocks: this executor (codex before 0.162) takes whole files only',
    )
    // Those executors would open it for reading, silently.
    expect(box.server.calls('fs/open')).toEqual([])
  })

  it('closes without complaint when the connection has closed it already', async () => {
    await using box = await openScripted(withFile(Buffer.from('x')))
    const file = await box.client.open('/f', 'read')
    box.server.drop()
    expect((await failure(file.read(0, 1))).code).toBe('unavailable')
    await file.close()
  })
})

describe('BridgeClient.remove', () => {
  it('says both booleans, whatever they are: left out, they are rm -rf', async () => {
    await using box = await openScripted({ answers: { 'fs/remove': () => ({}) } })
    for (const recursive of [true, false])
      for (const force of [true, false]) await box.client.remove('/x', { recursive, force })
    expect(box.server.calls('fs/remove')).toEqual([
      { path: 'file:///x', recursive: true, force: true },
      { path: 'file:///x', recursive: true, force: false },
      { path: 'file:///x', recursive: false, force: true },
      { path: 'file:///x', recursive: false, force: false },
    ])
  })
})

describe('other calls on files', () => {
  it('send what they were asked and read both forms of paths', async () => {
    await using box = await openScripted({
      answers: {
        'fs/createDirectory': () => ({}),
        'fs/copy': () => ({}),
        'fs/readDirectory': () => ({
          entries: [{ fileName: 'ü', isDirectory: true, isFile: false, extra: 1 }],
        }),
        'fs/canonicalize': ({ path }) => ({ path: path.endsWith('plain') ? '/plain' : 'file:///caf%C3%A9' }),
      },
    })
    await box.client.createDirectory('/d', { recursive: false })
    await box.client.copy('/a', '/b', { recursive: true })
    expect(await box.client.list('/d')).toEqual([{ name: 'ü', kind: 'directory' }])
    expect(await box.client.canonicalize('/x')).toBe('/café')
    expect(await box.client.canonicalize('/plain')).toBe('/plain')
    expect(box.server.calls('fs/createDirectory')).toEqual([{ path: 'file:///d', recursive: false }])
    expect(box.server.calls('fs/copy')).toEqual([
      { sourcePath: 'file:///a', destinationPath: 'file:///b', recursive: true },
    ])
  })

  it('give what metadata there is', async () => {
    await using box = await openScripted()
    box.server.answer('fs/getMetadata', () => ({ ...FILE, isSymlink: true, size: 7, mode: 0o755 }))
    expect(await box.client.metadata('/f')).toEqual({
      kind: 'file',
      isSymlink: true,
      size: 7,
      modifiedMs: 5,
      mode: 0o755,
    })
    box.server.answer('fs/getMetadata', () => ({ isDirectory: true, isFile: false, modifiedAtMs: 5 }))
    expect(await box.client.metadata('/d')).toEqual({
      kind: 'directory',
      isSymlink: false,
      size: undefined,
      modifiedMs: 5,
      mode: undefined,
    })
  })

  it('carry the words of the executor and the code they stand for', async () => {
    await using box = await openScripted()
    const refusals = [
      [
        -32004,
        'No such file or directory (os error 2)',
        '[not_found] Cannot list "/d": no such file or directory',
      ],
      [-32603, 'Permission denied (os error 13)', '[denied] Cannot list "/d": permission denied'],
      [-32603, 'Read-only file system (os error 30)', '[denied] Cannot list "/d": read-only file system'],
      [-32603, 'Not a directory (os error 20)', '[not_found] Cannot list "/d": not a directory'],
      [-32603, 'Directory not empty (os error 39)', '[conflict] Cannot list "/d": directory not empty'],
      [-32603, 'File too large (os error 27)', '[conflict] Cannot list "/d": file too large'],
      [-32603, 'Filename too long (os error 36)', '[invalid_input] Cannot list "/d": filename too long'],
      [
        -32603,
        'No space left on device (os error 28)',
        '[conflict] Cannot list "/d": no space left on device',
      ],
      [-32600, 'path `/d` is not a file', '[conflict] Cannot list "/d": path `/d` is not a file'],
      [-32602, 'missing field `tty`', '[invalid_input] Cannot list "/d": missing field `tty`'],
      [
        -32601,
        'exec-server stub does not implement `x` yet',
        '[conflict] Cannot list "/d": exec-server stub does not implement `x` yet',
      ],
    ] as const
    for (const [code, message, text] of refusals) {
      box.server.answer('fs/readDirectory', () => {
        throw new Refusal(code, message)
      })
      expect((await failure(box.client.list('/d'))).text).toBe(text)
    }
  })

  it('reject an answer of another shape, and the connection goes on', async () => {
    await using box = await openScripted()
    for (const answer of [
      null,
      'x',
      { entries: 'none' },
      { entries: [null] },
      { entries: [{ fileName: 1 }] },
    ]) {
      box.server.answer('fs/readDirectory', () => answer)
      expect((await failure(box.client.list('/d'))).text).toMatch(
        /^\[unavailable\] Cannot list "\/d": the executor answered fs\/readDirectory with something else \(.+\)$/,
      )
    }
    await expect(box.client.metadata('/f')).resolves.toMatchObject({ kind: 'file' })
  })

  it('take only absolute paths', async () => {
    await using box = await openScripted()
    expect((await failure(box.client.metadata('src/x'))).text).toBe(
      '[invalid_input] Path "src/x" is not absolute',
    )
    expect((await failure(box.client.rename('/a', ''))).code).toBe('invalid_input')
  })

  it('send names of any bytes as URIs, and refuse those where there are none', async () => {
    await using now = await openScripted()
    await now.client.metadata('/caf\udce9')
    expect(now.server.calls('fs/getMetadata').at(-1)).toEqual({ path: 'file:///caf%E9' })
    await using old = await openScripted({ answers: OLDER['0.142'], program: () => ({}) })
    expect((await failure(old.client.metadata('/caf\udce9'))).text).toMatch(
      /^\[invalid_input\] Cannot send path .* takes no names that are not UTF-8$/,
    )
  })

  it('rename by the executor where it can', async () => {
    const environmentInfo = {
      shell: { name: 'sh', path: '/bin/sh' },
      cwd: '/',
      platformOs: 'linux',
      capabilities: { envMcpRename: true },
    }
    const answers = { initialize: () => ({ sessionId: 's', environmentInfo }), 'fs/rename': () => ({}) }
    await using box = await openScripted({ answers })
    await box.client.rename('/a', '/b')
    expect(box.server.calls('fs/rename')).toEqual([{ sourcePath: 'file:///a', destinationPath: 'file:///b' }])
    expect(box.server.calls('process/start')).toEqual([])
  })
})
