import { describe, expect, it } from 'vitest'
import type { BridgeClient } from '../../src/bridge/client.ts'
import { REPLAY } from '../../src/bridge/replay.ts'
import type { Methods } from '../../src/protocol/methods.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { settled } from '../support/manual-clock.ts'
import { failure, startRequest } from '../support/scripted-client.ts'
import {
  ENVIRONMENT_INFO,
  NO_ANSWER,
  OLDER,
  type Params,
  Refusal,
  type ScriptedServerOptions,
} from '../support/scripted-exec-server.ts'
import { readAnswer, ScriptedMachine } from '../support/scripted-machine.ts'

const OURS = {
  envMcpCloseStdin: true,
  envMcpSignals: true,
  envMcpRename: true,
  envMcpResize: true,
  envMcpHash: true,
  envMcpSharedProcesses: true,
  envMcpRelay: true,
  fileWriteStreaming: true,
}

/** An executor with every method there is. */
const answers = {
  initialize: () => ({ sessionId: 's1', environmentInfo: { ...ENVIRONMENT_INFO, capabilities: OURS } }),
}

interface Lost {
  /** What the call came to: its result, or the words of its error. */
  readonly outcome: unknown
  /** Requests of that method before the connection was lost, and after it. */
  readonly first: Params[]
  readonly second: Params[]
}

/** Calls a method whose answer is lost with the connection, and is `later` on the next one. */
async function loseAnswer(
  method: keyof Methods,
  call: (client: BridgeClient) => Promise<unknown>,
  later: Readonly<Partial<Record<keyof Methods, (params: Params) => unknown>>> = {},
  options: ScriptedServerOptions = { answers },
): Promise<Lost> {
  await using box = await ScriptedMachine.open(options)
  await box.client.start(startRequest())
  box.answerLater('process/read', () => readAnswer([]))
  for (const [name, answer] of Object.entries(later)) box.answerLater(name, answer)
  const { server } = box
  const before = server.calls(method).length
  server.answer(method, () => NO_ANSWER)
  const outcome = call(box.client).catch((error) => error.text)
  await server.next(method)
  await settled()
  await box.drop()
  await settled()
  return {
    outcome: await outcome,
    first: server.calls(method).slice(before),
    second: box.server === server ? [] : box.server.calls(method),
  }
}

const RELAYED = { relayId: 'r1', ticket: 't', part: { path: '/f', offset: 0 } } as const
const FILE = { isDirectory: false, isFile: true, size: 3 }
const notThere = () => {
  throw new Refusal(-32004, 'No such file or directory (os error 2)')
}
const there = () => FILE
/** That it is unknown, and what to check. */
const unknown = (what: string) =>
  new RegExp(`; unknown: it may have been carried out, so check ${what} before repeating it$`)

/** How each request that is simply sent again is made, and answered. */
const REPEATED: readonly (readonly [keyof Methods, (client: BridgeClient) => Promise<unknown>, unknown])[] = [
  ['fs/getMetadata', (client) => client.metadata('/f'), FILE],
  ['fs/readDirectory', (client) => client.list('/d'), { entries: [] }],
  ['fs/readFile', (client) => client.readFile('/f'), { dataBase64: 'eHl6' }],
  ['fs/canonicalize', (client) => client.canonicalize('/f'), { path: 'file:///g' }],
  ['fs/hash', (client) => client.hash('/f'), { sha256: 'a'.repeat(64) }],
  ['fs/open', (client) => client.open('/f', 'read'), { handleId: 'h' }],
  ['process/read', (client) => client.sync('p1'), readAnswer([])],
  ['process/closeStdin', (client) => client.closeStdin('p1'), {}],
  ['process/resize', (client) => client.resize('p1', { cols: 80, rows: 24 }), {}],
  ['process/list', (client) => client.listProcesses(), { processes: [] }],
  ['process/attach', (client) => client.attach('p2'), {}],
  ['process/terminate', (client) => client.terminate('p1'), { running: true }],
  ['fs/writeFile', (client) => client.writeFile('/f', Buffer.from('x')), {}],
]
/** Those of which tests of their own tell. */
const TOLD_ELSEWHERE: readonly (keyof Methods)[] = ['environment/info', 'relay/end']

describe('REPLAY', () => {
  it('has a reason for every method', () => {
    for (const [method, { why }] of Object.entries(REPLAY))
      expect([method, why.length > 10]).toEqual([method, true])
  })
})

describe('A request whose answer is lost', () => {
  it('is made below for every method that is simply sent again', () => {
    const repeated = Object.entries(REPLAY).filter(([, { replay }]) => replay === 'repeat')
    const made = [...REPEATED.map(([method]) => method), ...TOLD_ELSEWHERE]
    expect(made.toSorted()).toEqual(repeated.map(([method]) => method).toSorted())
  })

  it.each(REPEATED)('is sent again: %s', async (method, call, answer) => {
    const { outcome, first, second } = await loseAnswer(method, call, { [method]: () => answer })
    expect(String(outcome)).not.toMatch(/^\[[a-z_]+\] /)
    expect(first).toHaveLength(1)
    // A process is read once more, for what was missed.
    expect(second.slice(method === 'process/read' ? 1 : 0)).toEqual(
      method === 'fs/open' ? [expect.anything()] : first,
    )
  })

  it('starts under the same id, and is content that it is taken', async () => {
    const { outcome, first, second } = await loseAnswer(
      'process/start',
      (client) => client.start(startRequest({ processId: 'p2' })),
      {
        'process/start': () => {
          throw new Refusal(-32600, 'process p2 already exists')
        },
      },
    )
    expect(outcome).toBeUndefined()
    expect(second).toEqual(first)
  })

  it('starts what never started', async () => {
    const { outcome, second } = await loseAnswer('process/start', (client) =>
      client.start(startRequest({ processId: 'p2' })),
    )
    expect(outcome).toBeUndefined()
    expect(second).toHaveLength(1)
  })

  it('reads what the process wrote before its start was known', async () => {
    await using box = await ScriptedMachine.open()
    box.server.answer('process/start', () => NO_ANSWER)
    const started = box.client.start(startRequest())
    await box.server.next('process/start')
    box.answerLater('process/start', () => {
      throw new Refusal(-32600, 'process p1 already exists')
    })
    box.answerLater('process/read', () =>
      readAnswer(['hello'], 1, { exited: true, exitCode: 0, closed: true }),
    )
    await box.drop()
    await started
    const read = await box.client.read('p1', { afterSeq: 0, waitMs: 0 })
    expect(read).toMatchObject({ chunks: [{ seq: 1 }], exitCode: 0, closed: true })
  })

  it('waits for a start that is still under way', async () => {
    await using box = await ScriptedMachine.open()
    let reads = 0
    box.server.answer('process/start', () => {
      throw new Refusal(-32600, 'process p1 already exists')
    })
    box.server.answer('process/read', () => {
      if (++reads < 3) throw new Refusal(-32600, 'unknown process id p1')
      return readAnswer(['hello'])
    })
    const started = box.client.start(startRequest())
    await box.clock.advance(1000)
    await started
    expect((await box.client.read('p1', { afterSeq: 0, waitMs: 0 })).chunks).toHaveLength(1)
    expect(reads).toBe(3)
  })

  it('says that it is unknown whether a process ran that never comes to be', async () => {
    await using box = await ScriptedMachine.open()
    box.server.answer('process/start', () => {
      throw new Refusal(-32600, 'process p1 already exists')
    })
    box.server.answer('process/read', () => {
      throw new Refusal(-32600, 'unknown process id p1')
    })
    const error = failure(box.client.start(startRequest()))
    await box.clock.advance(5000)
    expect((await error).code).toBe('process_lost')
    expect((await error).message).toMatch(unknown('what it may have done'))
  })

  // Its output came before the answer, which never came: the session would have been left, and the command run twice.
  it('does not start again what has told of itself', async () => {
    await using box = await ScriptedMachine.open()
    box.server.answer('process/start', () => NO_ANSWER)
    const started = box.client.start(startRequest())
    await box.server.next('process/start')
    box.server.output('p1', 1, 'hello')
    box.server.exited('p1', 2)
    box.server.closed('p1', 3)
    await settled()
    await box.drop()
    await started
    await settled()
    expect(await box.client.read('p1', { afterSeq: 0, waitMs: 0 })).toMatchObject({ exitCode: 0 })
    expect(box.servers.slice(1).flatMap((server) => server.calls('process/start'))).toEqual([])
  })

  // What it wrote was asked for twice, only one was answered, and then a new session began: that knew of no such process.
  it('is not needed any more when another answer has told that the process has closed', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.server.answer('process/read', () => NO_ANSWER)
    const synced = box.client.sync('p1')
    await box.server.next('process/read')
    const answers = [readAnswer([], 1, { exited: true, exitCode: 0, closed: true }), NO_ANSWER]
    box.answerLater('process/read', () => answers.shift())
    await box.drop()
    await settled()
    box.answerLater('process/read', () => {
      throw new Refusal(-32600, 'unknown process id p1')
    })
    await box.drop()
    await box.clock.advance(5000)
    await expect(synced).resolves.toBeUndefined()
    expect(box.servers).toHaveLength(3)
  })

  // An executor forgets the id of a process 30 s (80 s) after its end: then the same request would start another one. Ours tells when.
  it.each([
    [{ executorVersion: '0.166.0' }, 24_000, true],
    [{ executorVersion: '0.166.0' }, 26_000, false],
    [{ executorVersion: '0.169.0' }, 74_000, true],
    [{ executorVersion: '0.169.0' }, 76_000, false],
    [{ capabilities: { envMcpRememberedMs: 10_000 } }, 6000, false],
    [{ capabilities: { envMcpRememberedMs: 86_400_000 } }, 85_000, true],
    [{ executorVersion: '0.166.0', capabilities: { envMcpRememberedMs: 'long' } }, 26_000, false],
  ])('starts again as long as its id is known: %j after %i ms', async (told, ms, isRepeated) => {
    const environmentInfo = { ...ENVIRONMENT_INFO, ...told }
    const options = { answers: { initialize: () => ({ sessionId: 's1', environmentInfo }) } }
    await using box = await ScriptedMachine.open(options)
    box.server.answer('process/start', () => NO_ANSWER)
    box.answerLater('process/read', () => {
      throw new Refusal(-32600, 'unknown process id p1')
    })
    const outcome = box.client.start(startRequest()).catch((error) => error.text)
    await box.server.next('process/start')
    await box.clock.advance(ms)
    await box.drop()
    await settled()
    expect(box.server.calls('process/start')).toHaveLength(isRepeated ? 1 : 0)
    if (isRepeated) expect(await outcome).toBeUndefined()
    else expect(await outcome).toMatch(/^\[process_lost\] Cannot start "cat": .*knows no such process now/)
    if (!isRepeated) expect(await outcome).toMatch(unknown('what it may have done'))
  })

  it('takes one that is known for started, however late', async () => {
    await using box = await ScriptedMachine.open()
    box.server.answer('process/start', () => NO_ANSWER)
    box.answerLater('process/read', () => readAnswer(['hello']))
    const started = box.client.start(startRequest())
    await box.server.next('process/start')
    await box.clock.advance(80_000)
    await box.drop()
    await started
    expect(box.server.calls('process/start')).toEqual([])
  })

  it('starts nothing that nobody waits for any more', async () => {
    await using box = await ScriptedMachine.open()
    const caller = new AbortController()
    const lost = failure(box.client.start(startRequest({ processId: 'lost' }), { signal: caller.signal }))
    box.server.answer('process/start', () => NO_ANSWER)
    box.down = new Error('connection refused')
    const unanswered = failure(
      box.client.start(startRequest({ processId: 'unanswered' }), { signal: caller.signal }),
    )
    await box.server.next('process/start')
    await box.drop()
    const unsent = failure(box.client.start(startRequest({ processId: 'unsent' }), { signal: caller.signal }))
    caller.abort(new BridgeError('canceled', 'enough'))
    await Promise.all([lost, unanswered, unsent])
    box.down = undefined
    box.answerLater('process/read', () => readAnswer([]))
    await box.clock.advance(5000)
    expect(box.server.calls('process/start')).toEqual([])
    expect(box.server.calls('process/terminate')).toContainEqual({ processId: 'unanswered' })
    expect(box.server.calls('process/terminate')).not.toContainEqual({ processId: 'unsent' })
  })

  it('ends an input that the first request has ended', async () => {
    const { outcome, second } = await loseAnswer('process/closeStdin', (client) => client.closeStdin('p1'), {
      'process/closeStdin': () => {
        throw new Refusal(-32600, 'its input is closed')
      },
    })
    expect(outcome).toBeUndefined()
    expect(second).toHaveLength(1)
  })

  it('says of a process that it ran, when the first request has ended it', async () => {
    const { outcome } = await loseAnswer('process/terminate', (client) => client.terminate('p1'), {
      'process/terminate': () => ({ running: false }),
    })
    expect(outcome).toBe(true)
  })

  it.each(['relay/send', 'relay/receive'] as const)('goes on under the same id: %s', async (method) => {
    const { outcome, first, second } = await loseAnswer(
      method,
      (client) => (method === 'relay/send' ? client.relaySend(RELAYED) : client.relayReceive(RELAYED)),
      { [method]: () => ({ bytes: 7 }) },
    )
    expect(outcome).toMatchObject({ bytes: 7 })
    expect(first).toEqual([expect.objectContaining({ relayId: 'r1' })])
    expect(second).toEqual(first)
  })

  it('ends a copy that was given up, once the machine is there again, and holds nobody until then', async () => {
    await using box = await ScriptedMachine.open({ answers })
    await box.client.start(startRequest())
    box.server.answer('relay/send', () => NO_ANSWER)
    const cancel = new AbortController()
    const sent = failure(box.client.relaySend(RELAYED, { signal: cancel.signal }))
    await box.server.next('relay/send')
    box.answerLater('process/read', () => readAnswer([]))
    box.answerLater('relay/end', () => ({}))
    box.down = new BridgeError('unavailable', 'connection refused')
    await box.drop()
    cancel.abort(new BridgeError('canceled', 'nobody wants it'))
    await box.clock.advance(5000)
    expect(await Promise.race([sent, settled()])).toMatchObject({ code: 'canceled' })
    box.down = undefined
    await box.clock.advance(5000)
    expect(box.server.calls('relay/end')).toEqual([{ relayId: 'r1' }])
  })

  it('writes under the same id', async () => {
    const { outcome, first, second } = await loseAnswer('process/write', (client) =>
      client.write('p1', Buffer.from('x')),
    )
    expect(outcome).toBeUndefined()
    expect(second).toEqual(first)
    expect(first[0].writeId).toMatch(/./)
  })

  it.each(['stdinClosed', 'unknownProcess'])(
    'tells when a write may have been in time: %s',
    async (status) => {
      const { outcome } = await loseAnswer(
        'process/write',
        (client) => client.write('p1', Buffer.from('x')),
        { 'process/write': () => ({ status }) },
      )
      expect(outcome).toMatch(/; unknown: it may have taken what was sent before the connection was lost$/)
    },
  )

  it('does not write again on an executor that does not look at the id', async () => {
    const options = { answers: { ...OLDER['0.132'], initialize: () => ({ sessionId: 's1' }) }, program }
    const call = (client: BridgeClient) => client.write('p1', Buffer.from('x'))
    const { outcome, second } = await loseAnswer('process/write', call, {}, options)
    expect(outcome).toMatch(/^\[process_lost\] Cannot write to process "p1"/)
    expect(outcome).toMatch(unknown('its output'))
    expect(second).toEqual([])
  })

  it('never sends a signal again', async () => {
    const { outcome, second } = await loseAnswer('process/signal', (client) => client.signal('p1', 'INT'))
    expect(outcome).toMatch(unknown('its output'))
    expect(second).toEqual([])
  })

  it.each<[string, keyof Methods, (client: BridgeClient) => Promise<unknown>, Params, Params]>([
    [
      'remove: it is still there',
      'fs/remove',
      (client) => client.remove('/f', { recursive: true, force: false }),
      there,
      'again',
    ],
    [
      'remove: it is not there',
      'fs/remove',
      (client) => client.remove('/f', { recursive: true, force: false }),
      notThere,
      'done',
    ],
    [
      'copy: the source is there',
      'fs/copy',
      (client) => client.copy('/f', '/g', { recursive: false }),
      there,
      'again',
    ],
    [
      'copy: the source is gone',
      'fs/copy',
      (client) => client.copy('/f', '/g', { recursive: false }),
      notThere,
      unknown('both paths'),
    ],
    ['rename: the source is there', 'fs/rename', (client) => client.rename('/f', '/g'), there, 'again'],
    [
      'rename: only the new one is there',
      'fs/rename',
      (client) => client.rename('/f', '/g'),
      ({ path }: Params) => (path.endsWith('g') ? FILE : notThere()),
      'done',
    ],
    [
      'rename: neither is there',
      'fs/rename',
      (client) => client.rename('/f', '/g'),
      notThere,
      unknown('both paths'),
    ],
    [
      'createDirectory: it is not there',
      'fs/createDirectory',
      (client) => client.createDirectory('/d', { recursive: false }),
      notThere,
      'again',
    ],
    [
      'createDirectory: it is there',
      'fs/createDirectory',
      (client) => client.createDirectory('/d', { recursive: false }),
      there,
      unknown('whether it is there'),
    ],
    [
      'createDirectory, recursive: it is there',
      'fs/createDirectory',
      (client) => client.createDirectory('/d', { recursive: true }),
      there,
      'done',
    ],
  ])('is settled by what is there, %s', async (_what, method, call, metadata, expected) => {
    const { outcome, second } = await loseAnswer(method, call, {
      'fs/getMetadata': metadata,
      [method]: () => ({}),
    })
    if (expected instanceof RegExp) expect(outcome).toMatch(expected)
    else expect(outcome).toBeUndefined()
    expect(second).toHaveLength(expected === 'again' ? 1 : 0)
  })

  it('reads on with another handle', async () => {
    const block = ({ handleId, offset }: Params) => ({
      chunk: Buffer.from(`${handleId.length}@${offset}`).toString('base64'),
      eof: true,
    })
    await using box = await ScriptedMachine.open({ answers })
    const open = ({ handleId }: Params) => ({ handleId })
    box.server.answer('fs/open', open)
    box.answerLater('fs/open', open)
    box.answerLater('fs/readBlock', block)
    const file = await box.client.open('/f', 'read')
    box.server.answer('fs/readBlock', () => NO_ANSWER)
    const both = Promise.all([file.read(0, 10), file.read(10, 10)])
    await box.server.next('fs/readBlock')
    await box.drop()
    expect((await both).map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(['32@0', '32@10'])
    expect(box.server.calls('fs/open')).toHaveLength(1)
    const [{ handleId }] = box.server.calls('fs/open')
    expect(box.server.calls('fs/readBlock').map((params) => params.handleId)).toEqual([handleId, handleId])
    await file.close()
  })

  it('does not close again what the connection has closed', async () => {
    await using box = await ScriptedMachine.open({ answers })
    box.server.answer('fs/open', ({ handleId }) => ({ handleId }))
    const file = await box.client.open('/f', 'read')
    box.server.answer('fs/close', () => NO_ANSWER)
    const closed = file.close()
    await box.server.next('fs/close')
    await box.drop()
    await closed
    expect(box.servers.slice(1).flatMap((server) => server.calls('fs/close'))).toEqual([])
  })

  it.each(['initialize', 'environment/info'])('greets anew on the next connection: %s', async (method) => {
    await using box = await ScriptedMachine.open({ answers: OLDER['0.145'], program })
    box.answerLater(method, () => NO_ANSWER)
    await box.drop()
    const looked = box.client.metadata('/')
    await box.clock.advance(1000)
    await box.server.next(method)
    box.answerLater(method, OLDER['0.145'][method]!)
    const before = box.servers.length
    await box.drop()
    await box.clock.advance(5000)
    expect((await looked).kind).toBe('file')
    expect(box.servers.length).toBe(before + 1)
    expect(box.server.calls(method)).toHaveLength(1)
  })

  it('never opens for writing again, which would truncate', async () => {
    await using box = await ScriptedMachine.open({ answers })
    box.server.answer('fs/open', ({ handleId }) => ({ handleId }))
    const file = await box.client.open('/f', 'replace')
    box.server.answer('fs/writeBlock', () => NO_ANSWER)
    const write = file.write(0, Buffer.from('x')).catch((error) => error.text)
    await box.server.next('fs/writeBlock')
    await box.drop()
    expect(await write).toMatch(unknown('what the file holds'))
    expect(await file.write(1, Buffer.from('y')).catch((error) => error.text)).toMatch(/nothing was done$/)
    await file.close()
    const opens = box.servers.flatMap((server) => server.calls('fs/open'))
    expect(opens).toHaveLength(1)
  })

  it('writes a large file again from the start', async () => {
    await using box = await ScriptedMachine.open({ answers })
    const open = ({ handleId }: Params) => ({ handleId })
    box.server.answer('fs/open', open)
    box.answerLater('fs/open', open)
    box.answerLater('fs/writeBlock', () => ({}))
    let blocks = 0
    box.server.answer('fs/writeBlock', () => (++blocks === 3 ? NO_ANSWER : {}))
    const written = box.client.writeFile('/f', Buffer.alloc(9 * 1024 * 1024))
    for (let n = 0; n < 3; n++) await box.server.next('fs/writeBlock')
    await box.drop()
    await written
    expect(box.server.calls('fs/writeBlock').map(({ offset }) => offset / 1024 / 1024)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ])
    expect(box.server.calls('fs/open')).toMatchObject([{ mode: 'replace' }])
  })

  it('is not sent again when the process it writes to is being ended', async () => {
    await using box = await ScriptedMachine.open({ isSerial: true })
    await box.client.start(startRequest())
    box.server.answer('process/write', () => NO_ANSWER)
    box.answerLater('process/read', () => readAnswer([]))
    const write = box.client.write('p1', Buffer.from('x')).catch((error) => error.text)
    await box.server.next('process/write')
    const ended = box.client.terminate('p1')
    await box.clock.advance(2000)
    expect(await ended).toBe(true)
    expect(await write).toMatch(
      /^\[conflict\] Cannot write to process "p1" \("cat"\): it is being terminated$/,
    )
    expect(box.server.calls('process/write')).toEqual([])
    expect(box.dials).toBe(1)
  })

  it('is carried out later, also when nobody waits for it any more: terminate', async () => {
    await using box = await ScriptedMachine.open()
    await box.client.start(startRequest())
    box.down = new Error('connection refused')
    await box.drop()
    const error = await box.client.terminate('p1', { timeoutMs: 10 }).catch((reason) => reason)
    expect(error.code).toBe('deadline')
    box.down = undefined
    box.answerLater('process/read', () => readAnswer([]))
    await box.clock.advance(5000)
    expect(box.server.calls('process/terminate')).toEqual([{ processId: 'p1' }])
  })
})

function program(argv: readonly string[]) {
  // The question what machine this is.
  return argv[1] === '-lc' ? { output: ['\0Linux\0/bin/sh\0/\0/root\0/tmp'] } : undefined
}
