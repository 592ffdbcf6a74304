import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltFixture, buildFixture } from '../support/build-fixture.ts'
import { JsonLines } from '../support/json-lines.ts'
import { Mailbox } from '../support/mailbox.ts'

let fixture: BuiltFixture

beforeAll(async () => {
  fixture = await buildFixture('test/fixtures/front/server.ts')
})

afterAll(() => fixture[Symbol.asyncDispose]())

/** The server as a process, its client, and what it tells on stderr. */
class Spawned extends JsonLines implements AsyncDisposable {
  readonly child: ChildProcess
  readonly told = new Mailbox<string>()
  readonly #exited: Promise<unknown[]>

  constructor() {
    const child = spawn(process.execPath, [fixture.path], { stdio: 'pipe' })
    super(child.stdin, child.stdout)
    this.child = child
    this.#exited = once(child, 'close')
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.trim().split('\n')) this.told.put(line)
    })
  }

  /** Waits for a line on stderr that begins like this, and gives what comes after. */
  async telling(beginning: string): Promise<string> {
    for (;;) {
      const line = await this.told.take()
      if (line.startsWith(beginning)) return line.slice(beginning.length)
    }
  }

  call(name: string): void {
    this.send({ id: name, method: 'tools/call', params: { name } })
  }

  /** The exit code and the signal, once the process has ended; and how long that took from now. */
  async exit(): Promise<{ code: unknown; signal: unknown; ms: number }> {
    const startedAt = performance.now()
    const [code, signal] = await this.#exited
    return { code, signal, ms: performance.now() - startedAt }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#exited
  }
}

// What only a process shows. The bounds in ms are far above what it takes, for slow machines: what counts is that
// they are far below any time-out.
describe('a process that serves stdio', () => {
  it.each(['wait', 'stubborn'])('exits at the end of stdin while "%s" runs', async (tool) => {
    await using server = new Spawned()
    server.call(tool)
    await server.telling('waiting')
    server.end()
    const { code, ms } = await server.exit()
    expect(code).toBe(0)
    expect(ms).toBeLessThan(1000)
    if (tool === 'wait') expect(await server.telling('aborted ')).toBe('canceled')
    expect(await server.telling('ended: ')).toBe('input ended')
  })

  it('exits on SIGTERM as at the end of stdin', async () => {
    await using server = new Spawned()
    server.call('wait')
    await server.telling('waiting')
    server.child.kill('SIGTERM')
    const { code, signal, ms } = await server.exit()
    expect({ code, signal }).toEqual({ code: 0, signal: null })
    expect(ms).toBeLessThan(1000)
    expect(await server.telling('aborted ')).toBe('canceled')
  })

  it('exits quietly with 0 when nobody reads stdout any more', async () => {
    await using server = new Spawned()
    await server.telling('started')
    server.child.stdout?.destroy()
    server.call('echo')
    expect(await server.exit()).toMatchObject({ code: 0, signal: null })
    expect(await server.telling('ended: ')).toBe('output gone')
    expect(server.told.size).toBe(0)
  })

  it('holds 200 results of 1 MB that nobody reads without growing, and then gives them all', async () => {
    await using server = new Spawned()
    const memory = async () => {
      server.call('memory')
      return Number(await server.telling('memory '))
    }
    const before = await memory()
    for (let i = 0; i < 200; i++) server.send({ id: i, method: 'tools/call', params: { name: 'big' } })
    const after = await memory()
    expect(after - before).toBeLessThan(60_000_000)
    const ids = []
    for (let i = 0; i < 202; i++) {
      const { id, result } = await server.receive()
      if (typeof id === 'number') expect(result).toHaveProperty('content.0.text.length', 1_000_000)
      ids.push(id)
    }
    expect(ids).toEqual(['memory', ...Array.from({ length: 200 }, (_, i) => i), 'memory'])
  })

  it('exits at the end of stdin while 200 results of 1 MB wait that nobody reads', async () => {
    await using server = new Spawned()
    for (let i = 0; i < 200; i++) server.send({ id: i, method: 'tools/call', params: { name: 'big' } })
    server.call('memory')
    await server.telling('memory ')
    server.end()
    // Its output is read only now, so that it could not be flushed before.
    expect(await server.telling('ended: ')).toBe('input ended')
    server.child.stdout?.resume()
    expect(await server.exit()).toMatchObject({ code: 0 })
  })

  it('lives on after a line over 64 MB, and does not keep it', async () => {
    await using server = new Spawned()
    const megabyte = Buffer.alloc(1_000_000, 'x')
    for (let i = 0; i < 70; i++) server.write(megabyte)
    expect(await server.receive()).toMatchObject({ id: null, error: { code: -32600 } })
    server.write('x\n')
    expect(await server.ask({ id: 1, method: 'ping' })).toMatchObject({ id: 1, result: {} })
  })
})
