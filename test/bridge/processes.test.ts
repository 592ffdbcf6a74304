import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../src/util/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { failure, openScripted, startRequest } from '../support/scripted-client.ts'
import { NO_ANSWER, OLDER, Refusal } from '../support/scripted-exec-server.ts'

const CANCELED = new BridgeError('canceled', 'enough')

function texts(chunks: readonly { bytes: Uint8Array }[]): string {
  return chunks.map(({ bytes }) => Buffer.from(bytes).toString()).join('')
}

const nothingNew = { chunks: [], nextSeq: 1, exited: false, exitCode: null, closed: false, failure: null }

describe('BridgeClient.start', () => {
  it('sends what codex itself sends, with all five fields of envPolicy', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest({ argv: ['make', '-j'], env: { A: '1' }, pipeStdin: false }))
    expect(box.server.calls('process/start')).toEqual([
      {
        processId: 'p1',
        argv: ['make', '-j'],
        cwd: 'file:///srv',
        env: { A: '1' },
        tty: false,
        pipeStdin: false,
        arg0: null,
        envPolicy: {
          inherit: 'all',
          ignoreDefaultExcludes: true,
          exclude: [
            'CODEX_PERMISSION_PROFILE',
            'CODEX_VERSION',
            'CODEX_APPLY_PATCH_PRESERVE_LINE_ENDINGS',
            'CODEX_PLUGIN_METRICS_OUTPUT',
          ],
          set: {},
          includeOnly: [],
        },
      },
    ])
  })

  it('knows the process before the request leaves: output may come before the answer', async () => {
    await using box = await openScripted()
    box.server.answer('process/start', ({ processId }) => {
      box.server.output(processId, 1, 'early')
      box.server.exited(processId, 2, 0)
      box.server.closed(processId, 3)
      return { processId }
    })
    await box.client.start(startRequest())
    const read = await box.client.read('p1', { afterSeq: 0, waitMs: 0 })
    expect(texts(read.chunks)).toBe('early')
    expect(read).toMatchObject({ exitCode: 0, closed: true })
  })

  it('asks for a terminal size only where the executor makes one', async () => {
    const size = { cols: 100, rows: 30 }
    await using stock = await openScripted()
    stock.server.answer('fs/getMetadata', () => ({ isDirectory: true, isFile: false }))
    await stock.client.start(startRequest({ tty: true, size }))
    expect(stock.server.calls('process/start')[0]).not.toHaveProperty('size')

    const capabilities = { envMcpTtySize: true }
    const environmentInfo = {
      shell: { name: 'sh', path: '/bin/sh' },
      cwd: '/',
      platformOs: 'linux',
      capabilities,
    }
    await using ours = await openScripted({
      answers: { initialize: () => ({ sessionId: 's', environmentInfo }) },
    })
    ours.server.answer('fs/getMetadata', () => ({ isDirectory: true, isFile: false }))
    await ours.client.start(startRequest({ tty: true, size }))
    expect(ours.server.calls('process/start')[0].size).toEqual(size)
  })

  it('goes through a login shell where envPolicy is ignored', async () => {
    await using box = await openScripted({
      answers: OLDER['0.120'],
      program: () => ({ output: ['\0Linux\0/bin/sh\0/\0/root\0/tmp'] }),
    })
    await box.client.start(startRequest({ argv: ['make', 'all'], env: { A: '1 2' } }))
    const { argv } = box.server.calls('process/start').at(-1)
    expect(argv.slice(0, 2)).toEqual(['/bin/sh', '-c'])
    expect(argv.slice(3)).toEqual(['sh', 'A=1 2', 'make', 'all'])
  })

  it('refuses an id that is taken, and keeps the process that has it', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    const error = await failure(box.client.start(startRequest()))
    expect(error.text).toBe('[conflict] Cannot start "cat": process id "p1" is taken')
    await expect(box.client.read('p1', { afterSeq: 0, waitMs: 0 })).resolves.toMatchObject({ exited: false })
  })

  it('refuses what cannot be sent, before it is sent', async () => {
    await using box = await openScripted()
    for (const over of [
      { argv: [] },
      { argv: [''] },
      { argv: ['echo', 'a\0b'] },
      { argv: ['echo', '\udc80'] },
      { env: { A: '\ud800' } },
      { cwd: 'relative' },
      { cwd: '/a\0b' },
    ])
      expect((await failure(box.client.start(startRequest(over)))).code).toBe('invalid_input')
    expect(box.server.calls('process/start')).toEqual([])
    expect(box.client.isIdle).toBe(true)
  })

  it('tells a missing program from a missing directory', async () => {
    await using box = await openScripted()
    box.server.answer('process/start', () => {
      throw new Refusal(-32603, 'No such file or directory (os error 2)')
    })
    const directory = (answer: () => unknown) => box.server.answer('fs/getMetadata', answer)
    directory(() => ({ isDirectory: true, isFile: false }))
    expect((await failure(box.client.start(startRequest({ argv: ['mkae'] })))).text).toBe(
      '[not_found] Cannot start "mkae": no program of that name on the PATH of the machine',
    )
    expect((await failure(box.client.start(startRequest({ argv: ['./run'] })))).text).toBe(
      '[not_found] Cannot start "./run": no such file "./run", or no interpreter for it',
    )
    directory(() => ({ isDirectory: false, isFile: true }))
    expect((await failure(box.client.start(startRequest()))).text).toBe(
      '[not_found] Cannot start "cat": "/srv" is not a directory',
    )
    directory(() => {
      throw new Refusal(-32004, 'No such file or directory (os error 2)')
    })
    expect((await failure(box.client.start(startRequest()))).text).toBe(
      '[not_found] Cannot start "cat": no such directory "/srv"',
    )
    expect(box.client.isIdle).toBe(true)
  })

  it('looks at the directory first for a terminal: a stock server would run it elsewhere', async () => {
    await using box = await openScripted()
    const error = await failure(box.client.start(startRequest({ tty: true })))
    expect(error.text).toBe('[not_found] Cannot start "cat": "/srv" is not a directory')
    expect(box.server.calls('process/start')).toEqual([])
    box.server.answer('fs/getMetadata', () => ({ isDirectory: true, isFile: false }))
    await box.client.start(startRequest({ tty: true }))
    box.server.answer('process/start', () => {
      throw new Refusal(-32603, 'Unable to spawn mkae because:\nNo viable candidates found in PATH "/bin"')
    })
    expect(
      (await failure(box.client.start(startRequest({ processId: 'p2', argv: ['mkae'], tty: true })))).text,
    ).toBe('[not_found] Cannot start "mkae": no program of that name on the PATH of the machine')
  })

  it('terminates what was started when the caller has given up', async () => {
    await using box = await openScripted()
    let answerStart = (_: unknown) => {}
    box.server.answer('process/start', () => new Promise((resolve) => (answerStart = resolve)))
    const caller = new AbortController()
    const starting = failure(box.client.start(startRequest(), { signal: caller.signal }))
    await box.server.next('process/start')
    caller.abort(CANCELED)
    expect(await starting).toBe(CANCELED)
    expect(box.server.calls('process/terminate')).toEqual([])
    answerStart({ processId: 'p1' })
    expect(await box.server.next('process/terminate')).toEqual({ processId: 'p1' })
    expect(box.client.isIdle).toBe(false)
    box.server.closed('p1', 1)
    await settled()
    expect(box.client.isIdle).toBe(true)
  })

  it('leaves nothing to terminate when the start is refused after the caller has given up', async () => {
    await using box = await openScripted()
    let refuseStart = (_: unknown) => {}
    box.server.answer('process/start', () => new Promise((_, reject) => (refuseStart = reject)))
    const starting = failure(box.client.start(startRequest(), { timeoutMs: 10 }))
    expect((await starting).text).toBe('[deadline] Starting "cat" took longer than 10 ms')
    refuseStart(new Refusal(-32603, 'No such file or directory (os error 2)'))
    await settled()
    expect(box.server.calls('process/terminate')).toEqual([])
    expect(box.client.isIdle).toBe(true)
  })
})

describe('BridgeClient.read', () => {
  it('never goes to the wire, however long it waits', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    const reading = box.client.read('p1', { afterSeq: 0, waitMs: 60_000 })
    await settled()
    box.server.output('p1', 1, 'hello')
    expect(texts((await reading).chunks)).toBe('hello')
    expect(box.server.calls('process/read')).toEqual([])
  })

  it('is over at closed, not at exited', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.exited('p1', 1, 3)
    const exited = await box.client.read('p1', { afterSeq: 0, waitMs: 60_000 })
    expect(exited).toMatchObject({ exited: true, exitCode: 3, closed: false })
    box.server.output('p1', 2, 'of a child')
    box.server.closed('p1', 3)
    const rest = await box.client.read('p1', { afterSeq: exited.lastSeq, waitMs: 60_000 })
    expect(texts(rest.chunks)).toBe('of a child')
  })

  it('keeps at most 8 MiB of what nobody reads, and counts the rest', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    const mebibyte = 'x'.repeat(1024 * 1024)
    for (let seq = 1; seq <= 20; seq++) box.server.output('p1', seq, mebibyte)
    await settled()
    const { chunks, droppedBytes } = await box.client.read('p1', { afterSeq: 0, waitMs: 0 })
    expect(chunks.reduce((sum, { bytes }) => sum + bytes.byteLength, droppedBytes)).toBe(20 * 1024 * 1024)
    expect(droppedBytes).toBeGreaterThanOrEqual(12 * 1024 * 1024)
    expect(droppedBytes).toBeLessThanOrEqual(13 * 1024 * 1024)
  })

  it('does not know a process that was never started, or is forgotten', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.client.forget('p1')
    for (const id of ['p1', 'p2'])
      expect((await failure(box.client.read(id, { afterSeq: 0, waitMs: 0 }))).text).toBe(
        `[not_found] No process "${id}" was started on this connection`,
      )
  })

  it('ignores notifications that make no sense', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.notify('process/output', { processId: 'p1', seq: 'x', stream: 'stdout', chunk: '' })
    box.server.notify('process/output', { processId: 'p1', seq: 0, stream: 'stdout', chunk: '' })
    box.server.notify('process/output', { processId: 'p1', seq: 1, stream: 'stdin', chunk: '' })
    box.server.notify('process/output', { processId: 'nobody', seq: 1, stream: 'stdout', chunk: '' })
    box.server.notify('process/exited', { processId: 'p1', seq: 1 })
    box.server.notify('process/closed', null)
    box.server.notify('weather/changed', [])
    box.server.output('p1', 1, 'fine')
    expect(texts((await box.client.read('p1', { afterSeq: 0, waitMs: 60_000 })).chunks)).toBe('fine')
  })
})

describe('a hole in the output', () => {
  it('is not asked about when the missing event is only late', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.output('p1', 2, 'b')
    box.server.output('p1', 1, 'a')
    await box.clock.advance(1000)
    expect(texts((await box.client.read('p1', { afterSeq: 0, waitMs: 0 })).chunks)).toBe('ab')
    expect(box.server.calls('process/read')).toEqual([])
  })

  it('is filled by one process/read that does not wait', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('process/read', () => ({
      ...nothingNew,
      chunks: [{ seq: 2, stream: 'stdout', chunk: Buffer.from('b').toString('base64') }],
      nextSeq: 4,
    }))
    box.server.output('p1', 1, 'a')
    box.server.output('p1', 3, 'c')
    await box.clock.advance(1000)
    expect(box.server.calls('process/read')).toEqual([
      { processId: 'p1', afterSeq: 1, maxBytes: null, waitMs: 0 },
    ])
    expect(texts((await box.client.read('p1', { afterSeq: 0, waitMs: 0 })).chunks)).toBe('abc')
  })

  it('does not block for ever when nobody can fill it', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('process/read', () => {
      throw new Refusal(-32600, 'unknown process id p1')
    })
    box.server.output('p1', 2, 'b')
    await box.clock.advance(1000)
    const read = await box.client.read('p1', { afterSeq: 0, waitMs: 0 })
    expect(texts(read.chunks)).toBe('b')
    expect(read.droppedBytes).toBeGreaterThan(0)
    expect(box.server.calls('process/read')).toHaveLength(1)
    expect(box.clock.pending).toBe(0)
  })

  it('does not make the client ask again and again', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('process/read', () => nothingNew)
    box.server.output('p1', 7, 'x')
    await box.clock.advance(10_000)
    expect(box.server.calls('process/read')).toHaveLength(1)
    expect(texts((await box.client.read('p1', { afterSeq: 0, waitMs: 0 })).chunks)).toBe('x')
  })
})

describe('BridgeClient.sync', () => {
  it('takes in what has not come yet, by one process/read without a wait', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.output('p1', 1, 'a')
    box.server.answer('process/read', () => ({
      ...nothingNew,
      chunks: [{ seq: 2, stream: 'stderr', chunk: Buffer.from('b').toString('base64') }],
      nextSeq: 4,
      exited: true,
      exitCode: 5,
    }))
    await settled()
    await box.client.sync('p1')
    expect(box.server.calls('process/read')).toEqual([
      { processId: 'p1', afterSeq: 1, maxBytes: null, waitMs: 0 },
    ])
    // The notification comes after all, and changes nothing.
    box.server.output('p1', 2, 'b', 'stderr')
    await settled()
    const read = await box.client.read('p1', { afterSeq: 0, waitMs: 0 })
    expect(texts(read.chunks)).toBe('ab')
    expect(read).toMatchObject({ exitCode: 5, lastSeq: 3, closed: false })
  })

  it('asks nothing once the output is closed', async () => {
    await using box = await openScripted({ program: () => ({ output: ['x'] }) })
    await box.client.start(startRequest())
    await settled()
    await box.client.sync('p1')
    expect(box.server.calls('process/read')).toEqual([])
  })
})

describe('BridgeClient.write', () => {
  it('gives every piece an id of its own', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    await box.client.write('p1', Buffer.from('a'))
    await box.client.write('p1', Buffer.from('a'))
    const [first, second] = box.server.calls('process/write')
    expect(first).toEqual({ processId: 'p1', chunk: 'YQ==', writeId: expect.any(String) })
    expect(first.writeId).not.toBe(second.writeId)
  })

  it('keeps at most 1 MiB on the way, in order, also when several write at once', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    let waiting = 0
    let most = 0
    const taken: Buffer[] = []
    box.server.answer('process/write', async ({ chunk }) => {
      const bytes = Buffer.from(chunk, 'base64')
      waiting += bytes.byteLength
      most = Math.max(most, waiting)
      await settled()
      waiting -= bytes.byteLength
      taken.push(bytes)
      return { status: 'accepted' }
    })
    const all = Buffer.alloc(3_000_000, 'abc')
    await Promise.all([
      box.client.write('p1', all.subarray(0, 2_500_000)),
      box.client.write('p1', all.subarray(2_500_000, 2_500_001)),
      box.client.write('p1', all.subarray(2_500_001)),
    ])
    expect(most).toBe(1024 * 1024)
    expect(Buffer.concat(taken).equals(all)).toBe(true)
  })

  it('holds up no other call while it does not return', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('process/write', () => NO_ANSWER)
    const writing = failure(box.client.write('p1', Buffer.from('x')))
    await expect(box.client.metadata('/f')).resolves.toMatchObject({ kind: 'file' })
    box.server.drop()
    await writing
  })

  it('says how far it came and what to do when the process does not read', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    let count = 0
    box.server.answer('process/write', () => (++count === 1 ? { status: 'accepted' } : NO_ANSWER))
    const error = await failure(box.client.write('p1', Buffer.alloc(1024 * 1024 + 5), { timeoutMs: 30 }))
    expect(error.text).toBe(
      '[deadline] Cannot write to process "p1" ("cat"): it took 1048576 of 1048581 bytes within 30 ms, the rest may still follow; a process that does not read its input can be terminated',
    )
    // What comes next waits behind it, rather than overtake it.
    expect((await failure(box.client.write('p1', Buffer.from('y'), { timeoutMs: 10 }))).code).toBe('deadline')
    expect(box.server.calls('process/write')).toHaveLength(2)
  })

  it('goes on in order after a writer has given up', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    let answerWrite = (_: unknown) => {}
    box.server.answer('process/write', () => new Promise((resolve) => (answerWrite = resolve)))
    const caller = new AbortController()
    const first = failure(box.client.write('p1', Buffer.from('first'), { signal: caller.signal }))
    const gone = new AbortController()
    const second = failure(box.client.write('p1', Buffer.from('second'), { signal: gone.signal }))
    const third = box.client.write('p1', Buffer.from('third'))
    await box.server.next('process/write')
    caller.abort(CANCELED)
    gone.abort(CANCELED)
    expect(await first).toBe(CANCELED)
    expect(await second).toBe(CANCELED)
    await settled()
    expect(box.server.calls('process/write')).toHaveLength(1)
    answerWrite({ status: 'accepted' })
    expect((await box.server.next('process/write')).chunk).toBe(Buffer.from('third').toString('base64'))
    answerWrite({ status: 'accepted' })
    await third
  })

  it('says why the input is not taken', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    const refusal = async (status: unknown) => {
      box.server.answer('process/write', () => ({ status }))
      return (await failure(box.client.write('p1', Buffer.from('x')))).text
    }
    expect(await refusal('stdinClosed')).toBe(
      '[conflict] Cannot write to process "p1" ("cat"): its input is closed',
    )
    expect(await refusal('unknownProcess')).toMatch(/^\[process_lost\] .*the executor does not know it/)
    expect(await refusal('starting')).toMatch(/^\[unavailable\] .*still starting/)
    expect(await refusal('whatever')).toMatch(
      /^\[unavailable\] Cannot write to process "p1" \("cat"\): the executor answered process\/write with something else/,
    )
    box.server.exited('p1', 1)
    await settled()
    const sent = box.server.calls('process/write').length
    // An executor would accept it.
    expect(await refusal('accepted')).toBe('[conflict] Cannot write to process "p1" ("cat"): it has exited')
    expect(box.server.calls('process/write')).toHaveLength(sent)
  })
})

describe('BridgeClient.closeStdin', () => {
  it('is refused where the executor cannot', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    expect((await failure(box.client.closeStdin('p1'))).text).toBe(
      '[conflict] Cannot end the input of process "p1" ("cat"): this executor cannot; terminate works',
    )
  })

  it('comes after all that was written before', async () => {
    const environmentInfo = {
      shell: { name: 'sh', path: '/bin/sh' },
      cwd: '/',
      platformOs: 'linux',
      capabilities: { envMcpCloseStdin: true },
    }
    await using box = await openScripted({
      answers: { initialize: () => ({ sessionId: 's', environmentInfo }), 'process/closeStdin': () => ({}) },
    })
    await box.client.start(startRequest())
    box.server.answer('process/write', async () => {
      await settled()
      return { status: 'accepted' }
    })
    await Promise.all([box.client.write('p1', Buffer.from('x')), box.client.closeStdin('p1')])
    expect(box.server.methods.slice(-2)).toEqual(['process/write', 'process/closeStdin'])
  })
})

describe('BridgeClient.signal', () => {
  it('sends INT as the interrupt of the wire', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    await box.client.signal('p1', 'INT')
    expect(box.server.calls('process/signal')).toEqual([{ processId: 'p1', signal: 'interrupt' }])
  })

  it('refuses what the executor has not, and says what it has', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    expect((await failure(box.client.signal('p1', 'TERM'))).text).toBe(
      '[conflict] Cannot send TERM to process "p1" ("cat"): this executor can send INT; terminate works',
    )
    expect(box.server.calls('process/signal')).toEqual([])
  })

  it('has nothing to do for a process that is over', async () => {
    await using box = await openScripted({ program: () => ({}) })
    await box.client.start(startRequest())
    await settled()
    await box.client.signal('p1', 'INT')
    expect(box.server.calls('process/signal')).toEqual([])
  })
})

describe('BridgeClient.terminate', () => {
  it('says whether the process was running, also one it does not know', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    expect(await box.client.terminate('p1')).toBe(true)
    box.server.answer('process/terminate', () => ({ running: false }))
    expect(await box.client.terminate('nobody')).toBe(false)
  })

  it('drops the connection when a write that hangs holds it back', async () => {
    // A stock server works on one request at a time: a write to a process that reads nothing blocks all behind it.
    await using box = await openScripted({ isSerial: true })
    await box.client.start(startRequest())
    await box.client.start(startRequest({ processId: 'p2' }))
    box.server.answer('process/write', () => NO_ANSWER)
    const writing = failure(box.client.write('p1', Buffer.from('x')))
    await box.server.next('process/write')
    const ending = failure(box.client.terminate('p1'))
    await box.clock.advance(1999)
    expect(box.client.closedReason).toBeUndefined()
    await box.clock.advance(1)
    expect((await ending).text).toMatch(
      /^\[process_lost\] Cannot terminate process "p1" \("cat"\): the connection to "box" ended at .* \(dropped, because a write .*\); a stock executor ends what ran on a lost connection/,
    )
    expect((await writing).code).toBe('process_lost')
    expect(box.server.closedReason).toBeDefined()
    expect((await failure(box.client.read('p2', { afterSeq: 0, waitMs: 0 }))).code).toBe('process_lost')
  })

  it('leaves the connection alone when it is answered in time', async () => {
    await using box = await openScripted()
    await box.client.start(startRequest())
    box.server.answer('process/write', () => NO_ANSWER)
    const writing = failure(box.client.write('p1', Buffer.from('x')))
    await box.server.next('process/write')
    expect(await box.client.terminate('p1')).toBe(true)
    await box.clock.advance(60_000)
    expect(box.client.closedReason).toBeUndefined()
    box.server.drop()
    await writing
  })
})
