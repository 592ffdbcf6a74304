import { describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { outputOf, sessionIdOf, toolsOver } from '../support/tool-calls.ts'

const NAMES = [
  'list_environments',
  'shell',
  'exec_command',
  'write_stdin',
  'read_output',
  'terminate',
  'read_file',
  'apply_patch',
  'copy_path',
]

function two() {
  const clock = new ManualClock()
  const box = new ScriptedExecutor(clock)
  const gpu = new ScriptedExecutor(clock)
  const logged: unknown[] = []
  const note = (fields: object, message: string) => void logged.push({ message, ...fields })
  const logger = { debug: note, info: note, warn: note, error: note }
  return { clock, box, gpu, logged, ...toolsOver({ box, gpu }, { clock, logger }) }
}

describe('the tool set', () => {
  it('is listed in its order, without asking anyone', async () => {
    const nobody = () => new Promise<never>(() => {})
    await using tools = toolsOver({}, { resolver: { list: nobody, resolve: nobody } })
    expect((await tools.host.list({})).map(({ name }) => name)).toEqual(NAMES)
  })

  it('has schemas of at most 3,500 bytes, with a type and a description for every property', async () => {
    await using tools = two()
    for (const { name, description, inputSchema } of await tools.host.list({})) {
      expect([name, Buffer.byteLength(JSON.stringify(inputSchema)) <= 3500]).toEqual([name, true])
      expect(description.length).toBeGreaterThan(40)
      for (const property of Object.values(inputSchema.properties ?? {}))
        expect(property).toMatchObject({ type: expect.anything(), description: expect.any(String) })
    }
  })

  it('is honest about what it does', async () => {
    await using tools = two()
    const readers = ['list_environments', 'read_output', 'read_file']
    for (const { name, annotations } of await tools.host.list({}))
      if (readers.includes(name)) expect([name, annotations.readOnlyHint]).toEqual([name, true])
      else
        expect([name, annotations]).toEqual([
          name,
          expect.objectContaining({ destructiveHint: true, openWorldHint: true }),
        ])
  })

  it('says which tools there are when it does not know one', async () => {
    await using tools = two()
    expect((await tools.call('shel')).text).toMatch(
      /^\[not_found\] No tool "shel", nearest is "shell": there are "list_environments", /,
    )
  })

  it('ignores arguments that nobody knows, and refuses what are none', async () => {
    await using tools = two()
    expect((await tools.call('list_environments', { verbose: true })).isError).toBe(false)
    expect((await tools.call('list_environments', null)).isError).toBe(false)
    expect((await tools.call('list_environments', ['x'])).text).toMatch(
      /^\[invalid_input\] The arguments of /,
    )
  })

  it('runs calls side by side', async () => {
    await using tools = two()
    const slow = tools.call('shell', { command: 'slow', environment_id: 'box' })
    await settled()
    tools.gpu.onStart = (process) => void process.exit(0).close()
    await tools.call('shell', { command: 'quick', environment_id: 'gpu' })
    tools.box.last.exit(0).close()
    expect((await slow).isError).toBe(false)
  })

  it('runs many calls side by side without a warning of Node', async () => {
    await using tools = two()
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    await Promise.all(Array.from({ length: 20 }, () => tools.call('list_environments', {})))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  it('names the environment in every result when there are several', async () => {
    await using tools = two()
    tools.gpu.onStart = (process) => void process.emit('hi\n').exit(0).close()
    const answer = await tools.call('shell', { command: 'x', environment_id: 'gpu' })
    expect(answer.text).toBe(
      'Environment: gpu\nProcess exited with code 0\nWall time: 0.00 seconds\nOutput:\nhi\n',
    )
  })

  it('takes the default environment when none is named, and refuses one that is not there', async () => {
    await using tools = two()
    tools.box.onStart = (process) => void process.exit(0).close()
    expect((await tools.call('shell', { command: 'x' })).text).toMatch(/^Environment: box\n/)
    expect((await tools.call('shell', { command: 'x', environment_id: 'bix' })).text).toMatch(
      /^\[not_found\] No environment "bix"/,
    )
    expect((await tools.call('shell', { command: 'x', environment: 'bix' })).text).toMatch(/^\[not_found\] /)
  })

  it('does not wait for a list that is slow to come when the environment is known', async () => {
    const clock = new ManualClock()
    const box = new ScriptedExecutor(clock)
    box.onStart = (process) => void process.exit(0).close()
    const target = { kind: 'direct', url: 'ws://box' } as const
    const environment = { name: 'box', description: '', isDefault: true, lastSeenAt: undefined, target }
    const resolver = { resolve: async () => environment, list: () => new Promise<never>(() => {}) }
    await using tools = toolsOver({ box }, { clock, resolver })
    expect((await tools.call('shell', { command: 'x' })).text).toMatch(/^Environment: box\n/)
  })

  it('ends what running calls started when it is disposed, and leaves the sessions it handed out', async () => {
    const tools = two()
    const handedOut = await tools.call('exec_command', {
      command: 'serve',
      environment_id: 'gpu',
      yield_time_ms: 0,
    })
    const running = tools.call('shell', { command: 'make', environment_id: 'box' })
    await settled()
    await tools[Symbol.asyncDispose]()
    await settled()
    expect((await running).text).toMatch(/^\[canceled\] The server ends: its process on "box" was killed/)
    expect(tools.box.last.isRunning).toBe(false)
    expect(tools.gpu.last.isRunning).toBe(true)
    expect(tools.gpu.last.isForgotten).toBe(true)
    expect(tools.logged).toEqual([{ message: 'sessions left running', sessions: [sessionIdOf(handedOut)] }])
    expect(tools.clock.pending).toBe(0)
  })

  // It was logged as left running, since its end had not come yet.
  it('does not count what it has just killed as left running', async () => {
    const tools = two()
    const running = tools.call('shell', { command: 'make' })
    await settled()
    tools.box.last.onTerminate = () => {}
    await tools[Symbol.asyncDispose]()
    expect((await running).text).toMatch(/was killed with its whole group$/)
    expect(tools.logged).toEqual([])
    expect(tools.box.last.isForgotten).toBe(true)
    expect(tools.clock.pending).toBe(0)
  })

  it('starts nothing any more once it is disposed', async () => {
    const tools = two()
    await tools[Symbol.asyncDispose]()
    expect((await tools.call('shell', { command: 'x' })).text).toMatch(/^\[canceled\] The server ends/)
  })
})

describe('the sessions', () => {
  it('keep the output of the last 64 processes, and say so for one before', async () => {
    await using tools = two()
    tools.box.onStart = (process) => void process.emit('output\n').exit(0).close()
    for (let at = 0; at < 65; at++) await tools.call('shell', { command: 'x' })
    const read = (at: number) =>
      tools.call('read_output', {
        session_id: `box/${tools.box.processes[at]!.request.processId}`,
        after_seq: 0,
      })
    expect((await read(0)).text).toMatch(
      /^\[not_found\] No session .*the last 64 processes of this server are kept/,
    )
    expect(outputOf(await read(1))).toMatch(/^output\n/)
    expect(outputOf(await read(64))).toMatch(/^output\n/)
  })

  it('do not forget a process that runs', async () => {
    await using tools = two()
    const first = sessionIdOf(await tools.call('exec_command', { command: 'serve', yield_time_ms: 0 }))
    tools.box.onStart = (process) => void process.exit(0).close()
    for (let at = 0; at < 70; at++) await tools.call('shell', { command: 'x' })
    tools.box.processes[0]!.emit('alive\n')
    await settled()
    expect(outputOf(await tools.call('read_output', { session_id: first, yield_time_ms: 0 }))).toBe('alive\n')
  })

  it('are 512 that run at a time at most, and one more when one has ended', async () => {
    await using tools = two()
    const begin = () => tools.call('exec_command', { command: 'serve', yield_time_ms: 0 })
    // Asked for together: those that are being started count too.
    const answers = await Promise.all(Array.from({ length: 600 }, begin))
    const refused = answers.filter(({ isError }) => isError).map(({ text }) => text)
    expect(refused).toHaveLength(600 - 512)
    expect(refused[0]).toMatch(/^\[conflict\] .*512 processes run already: end some of them/)
    expect(tools.box.processes).toHaveLength(512)
    tools.box.last.exit(0).close()
    await settled()
    expect((await begin()).isError).toBe(false)
  })

  it('keep at most 64 MB in all, oldest dropped, and say what was dropped', async () => {
    await using tools = two()
    const block = Buffer.alloc(1024 * 1024, 'x')
    tools.box.onStart = (process) => {
      for (let at = 0; at < 8; at++) process.emit(block)
      process.exit(0).close()
    }
    for (let at = 0; at < 9; at++) await tools.call('shell', { command: 'x', max_output_bytes: 100 })
    const read = async (at: number) =>
      outputOf(
        await tools.call('read_output', {
          session_id: tools.box.processes[at]!.request.processId,
          after_seq: 0,
          max_output_bytes: 200,
        }),
      )
    expect(await read(0)).toMatch(/of them are no longer kept|bytes no longer kept/)
    expect(await read(8)).not.toMatch(/no longer kept/)
  })
})
