import { createHash } from 'node:crypto'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { serveExecutor } from '../../src/executor/serve.ts'
import { Sessions } from '../../src/executor/sessions.ts'
import { memoryPair } from '../../src/rpc/memory.ts'
import { type TempDirectory, tempDirectory } from '../support/temp-directory.ts'
import { outputIn, startParams, TestClient } from './client.ts'

let sessions: Sessions
let client: TestClient
let directory: TempDirectory

beforeAll(async () => {
  sessions = new Sessions()
  directory = await tempDirectory()
})
afterAll(async () => {
  await sessions[Symbol.asyncDispose]()
  await directory[Symbol.asyncDispose]()
})
beforeEach(async () => {
  client = await TestClient.ready(sessions)
})
afterEach(async () => {
  await client[Symbol.asyncDispose]()
})

const uri = (name: string) => pathToFileURL(join(directory.path, name)).href
const base64 = (text: string) => Buffer.from(text).toString('base64')

describe('the greeting', () => {
  it('tells the session, the machine, and what only ours can do', async () => {
    await using other = TestClient.connect(sessions)
    expect(await other.call('initialize', { clientName: 'test' })).toMatchObject({
      sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      environmentInfo: {
        shell: { name: expect.any(String), path: expect.stringMatching(/^\//) },
        cwd: pathToFileURL(process.cwd()).href,
        platformOs: expect.stringMatching(/^(linux|macos)$/),
        capabilities: {
          fileWriteStreaming: true,
          envMcpCloseStdin: true,
          envMcpSignals: true,
          envMcpMode: true,
        },
      },
    })
  })

  it.each([
    ['process/read', { processId: 'x' }],
    ['fs/getMetadata', { path: 'file:///' }],
  ])('comes before %s', async (method, params) => {
    await using other = TestClient.connect(sessions)
    await expect(other.call(method, params)).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'client must call initialize before using exec methods',
    })
    await other.call('initialize', { clientName: 'test' })
    await expect(other.call(method, params)).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'client must send initialized before using exec methods',
    })
  })

  it('happens once', async () => {
    await expect(client.greet()).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'initialize may only be sent once per connection',
    })
  })

  it('may be tried again after it was refused', async () => {
    await using other = TestClient.connect(sessions)
    await expect(other.greet('nope')).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'unknown session id nope',
    })
    await other.greet()
    expect(await other.call('environment/status')).toEqual({ status: 'ready' })
  })

  it.each(['initialized', 'cancel', 'toString'])(
    'ends the connection at an unexpected %s',
    async (method) => {
      await using other = TestClient.connect(sessions)
      other.peer.notify(method, {})
      await other.closed
    },
  )
})

describe('a request', () => {
  it.each(['fs/watch', 'toString', '__proto__', ''])(
    'for the unknown method %j is refused',
    async (method) => {
      await expect(client.call(method)).rejects.toMatchObject({ rpcCode: -32601 })
    },
  )

  it.each([
    ['process/start', { argv: ['true'] }, 'processId'],
    ['process/start', startParams('x', ['true'], { tty: undefined }), 'tty'],
    ['process/start', startParams('x', ['true'], { env: undefined }), 'env'],
    ['process/write', { processId: 'x', chunk: '' }, 'writeId'],
    ['fs/readFile', {}, 'path'],
    ['fs/copy', { sourcePath: 'file:///a', destinationPath: 'file:///b' }, 'recursive'],
    ['fs/open', { path: 'file:///' }, 'handleId'],
  ])('%s without a field is told which', async (method, params, field) => {
    const call = client.call(method, JSON.parse(JSON.stringify(params)))
    await expect(call).rejects.toMatchObject({ rpcCode: -32602, message: `missing field \`${field}\`` })
  })

  it.each([
    [startParams('x', ['true'], { argv: 'true' }), /argv/],
    [startParams('x', ['true'], { argv: ['a', 1] }), /argv/],
    [startParams('x', ['true'], { env: { A: 1 } }), /env\.A/],
    [startParams('x', []), /^argv must not be empty$/],
    [startParams('x', ['true'], { tty: 1 }), /tty/],
    [startParams('x', ['true'], { tty: true, size: { cols: 0, rows: 9 } }), /0×9/],
    [startParams('x', ['true'], { envPolicy: { inherit: 'some' } }), /some/],
    [startParams('x', ['true'], { tty: true, arg0: 'y' }), /arg0/],
    [null, /expected an object/],
    [[], /expected an object/],
    ['x', /expected an object/],
  ])('with params that do not fit is refused (%#)', async (params, message) => {
    await expect(client.call('process/start', params)).rejects.toMatchObject({
      rpcCode: -32602,
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['process/start', startParams('x', ['true'], { sandbox: { permissions: { type: 'managed' } } })],
    ['process/start', startParams('x', ['true'], { enforceManagedNetwork: true })],
    ['process/start', startParams('x', ['true'], { networkProxy: {} })],
    ['fs/readFile', { path: 'file:///etc/passwd', sandbox: { permissions: { type: 'external' } } }],
    ['fs/readFile', { path: 'file:///etc/passwd', followSymlinks: false }],
    [
      'fs/copy',
      { sourcePath: 'file:///a', destinationPath: 'file:///b', recursive: false, followSymlinks: false },
    ],
  ])('%s within bounds that are not enforced here is not carried out (%#)', async (method, params) => {
    await expect(client.call(method, params)).rejects.toMatchObject({
      rpcCode: -32600,
      message: expect.stringContaining('does not enforce'),
    })
  })

  it('that is not JSON is answered, and the connection goes on', async () => {
    const [ours, theirs] = memoryPair()
    serveExecutor(theirs, sessions)
    const frames: string[] = []
    await new Promise<void>((resolve) => {
      ours.start({
        frame: (data) => {
          frames.push(Buffer.from(data).toString())
          if (frames.length === 3) resolve()
        },
        closed: () => {},
      })
      ours.send(Buffer.from('no JSON'))
      ours.send(Buffer.from('[]'))
      ours.send(Buffer.from('{"id":"an id","method":"initialize","params":{"clientName":"x"}}'))
    })
    ours.close(new Error('over'))
    expect(frames.map((frame) => JSON.parse(frame))).toMatchObject([
      { id: -1, error: { code: -32600 } },
      { id: -1, error: { code: -32600 } },
      { id: 'an id', result: { sessionId: expect.any(String) } },
    ])
  })

  it('is worked on beside others', async () => {
    await client.sh('waits', 'read -r line', { pipeStdin: true })
    const read = client.call('process/read', {
      processId: 'waits',
      afterSeq: null,
      maxBytes: null,
      waitMs: 60_000,
    })
    expect(await client.call('environment/info')).toMatchObject({ tempDir: expect.stringMatching(/^file:/) })
    expect(await client.call('process/terminate', { processId: 'waits' })).toEqual({ running: true })
    expect(await read).toMatchObject({ exited: true, exitCode: 137 })
  })
})

describe('process/start', () => {
  it('tells output, exit and close, numbered in one order', async () => {
    expect(await client.sh('p', 'echo out; exit 3')).toEqual({ processId: 'p' })
    const notices = await client.allOf('p')
    expect(outputIn(notices)).toBe('out\n')
    expect(notices.map(({ params }) => params.seq)).toEqual([1, 2, 3])
    expect(notices.find(({ method }) => method === 'process/exited')?.params).toMatchObject({ exitCode: 3 })
    expect(notices.at(-1)?.method).toBe('process/closed')
  })

  it('tells 20 MB whole, in chunks of at most 64 KiB', async () => {
    await client.sh('p', 'head -c 20000000 /dev/zero')
    const notices = await client.allOf('p')
    const chunks = notices.filter(({ method }) => method === 'process/output')
    const sizes = chunks.map(({ params }) => Buffer.from(String(params.chunk), 'base64').length)
    expect(sizes.reduce((a, b) => a + b)).toBe(20_000_000)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024)
    expect(notices.map(({ params }) => params.seq)).toEqual(notices.map((_, n) => n + 1))
  })

  it('gives exactly `env`', async () => {
    await client.call('process/start', startParams('p', ['/usr/bin/env'], { env: { A: '1', B: '' } }))
    expect(outputIn(await client.allOf('p'))).toBe('A=1\nB=\n')
  })

  it('starts from its own environment under a policy', async () => {
    const envPolicy = {
      inherit: 'core',
      ignoreDefaultExcludes: true,
      exclude: ['HOME'],
      set: { S: 's' },
      includeOnly: [],
    }
    await client.call('process/start', startParams('p', ['/usr/bin/env'], { env: { A: 'a' }, envPolicy }))
    const lines = outputIn(await client.allOf('p')).split('\n')
    expect(lines).toEqual(expect.arrayContaining(['S=s', 'A=a', `PATH=${process.env.PATH}`]))
    expect(lines.filter((line) => line.startsWith('HOME='))).toEqual([])
  })

  it('can change the name a program sees', async () => {
    await client.call('process/start', startParams('p', ['/bin/sh', '-c', 'echo $0'], { arg0: 'other' }))
    expect(outputIn(await client.allOf('p'))).toBe('other\n')
  })

  it('keeps ids taken, also when the process is over', async () => {
    await client.sh('p', 'true')
    await client.allOf('p')
    await expect(client.sh('p', 'true')).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'process p already exists',
    })
  })

  it.each([
    [{ argv: ['no-such-program'] }, /no such file/],
    [{ cwd: 'file:///no/such/place' }, /no such file or directory/],
    [{ argv: ['/etc/passwd'] }, /permission denied/],
  ])('says with the words of a system why it cannot (%#)', async (params, message) => {
    await expect(client.sh('p', 'true', params)).rejects.toMatchObject({
      rpcCode: -32603,
      message: expect.stringMatching(message),
    })
  })
})

describe('process/read', () => {
  const read = (params: object) =>
    client.call('process/read', { processId: 'p', afterSeq: null, maxBytes: null, waitMs: null, ...params })

  it('gives what came after a number, again and again', async () => {
    await client.sh('p', 'echo one; echo two >&2; exit 5')
    await client.allOf('p')
    const all = await read({})
    expect(all).toMatchObject({ nextSeq: 5, exited: true, exitCode: 5, closed: true, failure: null })
    expect(await read({ afterSeq: 0 })).toEqual(all)
    expect(await read({ afterSeq: 4 })).toMatchObject({ chunks: [], nextSeq: 5 })
    expect(await read({ afterSeq: 100 })).toMatchObject({ chunks: [] })
  })

  it('keeps to maxBytes, but gives at least one chunk', async () => {
    await client.sh('p', 'for i in 1 2 3; do printf 0123456789; read -r line; done', { pipeStdin: true })
    for (const writeId of ['a', 'b', 'c']) {
      await client.notices.take()
      await client.call('process/write', { processId: 'p', chunk: base64('\n'), writeId })
    }
    expect(await read({ maxBytes: 1 })).toMatchObject({ chunks: [{ seq: 1 }], nextSeq: 2 })
    expect(await read({ maxBytes: 20 })).toMatchObject({ chunks: [{ seq: 1 }, { seq: 2 }], nextSeq: 3 })
    expect(await read({ afterSeq: 1, maxBytes: 20 })).toMatchObject({ chunks: [{ seq: 2 }, { seq: 3 }] })
  })

  it('waits for output', async () => {
    // It lives on, for its exit could be told before what it wrote.
    await client.sh('p', 'read -r line; echo "$line"; read -r line', { pipeStdin: true })
    const waiting = read({ waitMs: 60_000 })
    await client.call('process/write', { processId: 'p', chunk: base64('now\n'), writeId: 'a' })
    expect(await waiting).toMatchObject({ chunks: [{ seq: 1, stream: 'stdout', chunk: base64('now\n') }] })
  })

  it('refuses ids that are not known', async () => {
    await expect(read({ processId: 'nope' })).rejects.toMatchObject({
      rpcCode: -32600,
      message: 'unknown process id nope',
    })
  })
})

describe('process/write', () => {
  const write = (writeId: string, text: string, processId = 'p') =>
    client.call('process/write', { processId, chunk: base64(text), writeId })

  it('writes once for each id', async () => {
    await client.sh('p', 'head -n 3', { pipeStdin: true })
    const answers = await Promise.all([write('a', 'one\n'), write('a', 'one\n'), write('b', 'two\n')])
    expect(answers).toEqual(Array(3).fill({ status: 'accepted' }))
    await write('a', 'one\n')
    await write('c', 'three\n')
    expect(outputIn(await client.allOf('p'))).toBe('one\ntwo\nthree\n')
  })

  it('says that there is nobody to write to', async () => {
    expect(await write('a', 'x', 'nope')).toEqual({ status: 'unknownProcess' })
    await client.sh('p', 'exit')
    await client.allOf('p')
    expect(await write('a', 'x')).toEqual({ status: 'stdinClosed' })
  })

  it('refuses what is not base64', async () => {
    for (const chunk of ['*', 'abc', 'ab=c', 'a b='])
      await expect(
        client.call('process/write', { processId: 'p', chunk, writeId: 'a' }),
      ).rejects.toMatchObject({
        rpcCode: -32602,
      })
  })

  it('waits for a process that does not read, while others are served', async () => {
    await client.sh('p', 'sleep 1000', { pipeStdin: true })
    const writes = Array.from({ length: 20 }, (_, n) => write(`${n}`, 'x'.repeat(100_000)))
    expect(await client.call('environment/status')).toEqual({ status: 'ready' })
    expect(await client.call('process/terminate', { processId: 'p' })).toEqual({ running: true })
    const answers = await Promise.all(writes)
    expect(answers.at(-1)).toEqual({ status: 'stdinClosed' })
  })
})

describe('process/signal, terminate and closeStdin', () => {
  it('interrupts, and sends the signals of ours', async () => {
    for (const [signal, code] of [
      ['interrupt', 130],
      ['TERM', 143],
      ['HUP', 129],
      ['KILL', 137],
    ] as const) {
      await client.sh(signal, 'echo ready; exec sleep 1000')
      await client.notices.take()
      expect(await client.call('process/signal', { processId: signal, signal })).toEqual({})
      const notices = await client.allOf(signal)
      expect(notices.find(({ method }) => method === 'process/exited')?.params.exitCode).toBe(code)
    }
  })

  it('refuses other signals, and is fine with processes that are not there', async () => {
    await expect(client.call('process/signal', { processId: 'p', signal: 'SIGINT' })).rejects.toMatchObject({
      rpcCode: -32602,
      message: expect.stringMatching(/^unknown variant `SIGINT`, expected `interrupt`/),
    })
    expect(await client.call('process/signal', { processId: 'nope', signal: 'interrupt' })).toEqual({})
    expect(await client.call('process/terminate', { processId: 'nope' })).toEqual({ running: false })
  })

  it('ends the input', async () => {
    await client.sh('p', 'cat; echo over', { pipeStdin: true })
    await client.call('process/write', { processId: 'p', chunk: base64('text\n'), writeId: 'a' })
    expect(await client.call('process/closeStdin', { processId: 'p' })).toEqual({})
    expect(outputIn(await client.allOf('p'))).toBe('text\nover\n')
    await expect(client.call('process/closeStdin', { processId: 'nope' })).rejects.toMatchObject({
      rpcCode: -32600,
    })
  })
})

describe('fs', () => {
  it('reads and writes whole files', async () => {
    await client.call('fs/writeFile', { path: uri('file'), dataBase64: base64('text') })
    expect(await readFile(join(directory.path, 'file'), 'utf8')).toBe('text')
    expect(await client.call('fs/readFile', { path: uri('file') })).toEqual({ dataBase64: base64('text') })
  })

  it.each([
    ['fs/readFile', { path: 'file:///no/such' }, -32004, /no such file/],
    ['fs/readFile', { path: 'file:///tmp' }, -32600, /is a directory/],
    ['fs/writeFile', { path: 'file:///no/such', dataBase64: '' }, -32004, /no such file/],
    ['fs/writeFile', { path: 'file:///tmp', dataBase64: '' }, -32603, /directory/],
    ['fs/createDirectory', { path: 'file:///tmp', recursive: false }, -32603, /exists/],
    ['fs/remove', { path: 'file:///', recursive: false, force: false }, -32603, /./],
    ['fs/remove', { path: 'file:///no/such', recursive: false, force: false }, -32004, /no such file/],
    [
      'fs/copy',
      { sourcePath: 'file:///tmp', destinationPath: 'file:///tmp/x', recursive: false },
      -32600,
      /directory/,
    ],
    ['fs/getMetadata', { path: '/' }, -32602, /^invalid URI: relative URL without a base$/],
  ])('%s says what is wrong (%#)', async (method, params, rpcCode, message) => {
    await expect(client.call(method, params)).rejects.toMatchObject({
      rpcCode,
      message: expect.stringMatching(message),
    })
  })

  it('removes all of it when nothing else is said, as every exec-server does', async () => {
    await client.call('fs/createDirectory', { path: uri('a/b/c') })
    await client.call('fs/remove', { path: uri('a') })
    await client.call('fs/remove', { path: uri('a') })
    await expect(client.call('fs/getMetadata', { path: uri('a') })).rejects.toMatchObject({ rpcCode: -32004 })
  })

  it('tells names that are not UTF-8 beside what JSON can carry', async () => {
    await client.call('fs/createDirectory', { path: uri('names') })
    await writeFile(Buffer.concat([Buffer.from(join(directory.path, 'names/a')), Buffer.from([0xff])]), '')
    expect(await client.call('fs/readDirectory', { path: uri('names') })).toEqual({
      entries: [{ fileName: 'a\ufffd', nameUri: 'file:///a%FF', isDirectory: false, isFile: true }],
    })
  })

  it('tells the mode, and links', async () => {
    await writeFile(join(directory.path, 'program'), 'x', { mode: 0o750 })
    await symlink('program', join(directory.path, 'link'))
    expect(await client.call('fs/getMetadata', { path: uri('link') })).toMatchObject({
      isFile: true,
      isSymlink: true,
      size: 1,
      mode: 0o750,
    })
  })

  it('answers with paths as URIs', async () => {
    await client.call('fs/createDirectory', { path: uri('50% ü') })
    expect(await client.call('fs/canonicalize', { path: uri('./50% ü/') })).toEqual({ path: uri('50% ü') })
  })

  it('reads and writes blocks of open files', async () => {
    const bytes = Buffer.alloc(2_500_000, 'block')
    await client.call('fs/open', { handleId: 'w', path: uri('blocks'), mode: 'replace' })
    for (let offset = 0; offset < bytes.length; offset += 1024 * 1024) {
      const chunk = bytes.subarray(offset, offset + 1024 * 1024).toString('base64')
      expect(await client.call('fs/writeBlock', { handleId: 'w', offset, chunk })).toEqual({})
    }
    expect(await client.call('fs/close', { handleId: 'w' })).toEqual({})
    const written = await readFile(join(directory.path, 'blocks'))
    const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex')
    expect(digest(written)).toBe(digest(bytes))
    await client.call('fs/open', { handleId: 'r', path: uri('blocks') })
    expect(await client.call('fs/readBlock', { handleId: 'r', offset: 1, len: 4 })).toEqual({
      chunk: base64('lock'),
      eof: false,
    })
    expect(await client.call('fs/readBlock', { handleId: 'r', offset: 2_499_999, len: 4 })).toEqual({
      chunk: base64('k'),
      eof: true,
    })
  })

  it('bounds what may be open, and what a block may be', async () => {
    await writeFile(join(directory.path, 'file'), 'text')
    const open = (handleId: string) => client.call('fs/open', { handleId, path: uri('file') })
    await expect(open('x'.repeat(33))).rejects.toMatchObject({ rpcCode: -32600 })
    for (let n = 0; n < 128; n++) await open(`${n}`)
    await expect(open('0')).rejects.toMatchObject({ rpcCode: -32600 })
    await expect(open('one more')).rejects.toMatchObject({ rpcCode: -32600 })
    await client.call('fs/close', { handleId: '7' })
    await client.call('fs/close', { handleId: 'nope' })
    await open('one more')
    for (const len of [0, 1024 * 1024 + 1])
      await expect(client.call('fs/readBlock', { handleId: '0', offset: 0, len })).rejects.toMatchObject({
        rpcCode: -32600,
      })
    await expect(client.call('fs/readBlock', { handleId: 'nope', offset: 0, len: 1 })).rejects.toMatchObject({
      rpcCode: -32004,
      message: 'unknown file handle `nope`',
    })
  })
})
