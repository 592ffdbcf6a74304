import { Client, type ClientOptions } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltFixture, buildFixture } from '../support/build-fixture.ts'
import { CLIENT_MODES } from '../support/client-modes.ts'
import { Mailbox } from '../support/mailbox.ts'

let fixture: BuiltFixture

beforeAll(async () => {
  fixture = await buildFixture('test/fixtures/front/server.ts')
})

afterAll(() => fixture[Symbol.asyncDispose]())

/** The official client of a spawned fixture, what it complains of, and what the fixture tells on stderr. */
async function connect(options: ClientOptions) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [fixture.path],
    stderr: 'pipe',
  })
  const told = new Mailbox<string>()
  transport.stderr?.on('data', (chunk) => {
    for (const line of String(chunk).trim().split('\n')) told.put(line)
  })
  const client = new Client({ name: 'official', version: '2' }, options)
  const complaints: Error[] = []
  client.onerror = (error) => complaints.push(error)
  await client.connect(transport)
  expect(await told.take()).toBe('started')
  return { client, complaints, told, [Symbol.asyncDispose]: () => client.close() }
}

describe.each(CLIENT_MODES)('the official client in the mode "%s"', (_name, era, options) => {
  it('learns who serves, in its era', async () => {
    await using connected = await connect(options)
    const { client } = connected
    expect(client.getProtocolEra()).toBe(era)
    expect(client.getServerVersion()).toEqual({ name: 'fixture', version: '1.2.3' })
    expect(client.getServerCapabilities()).toEqual({ tools: {} })
    expect(client.getInstructions()).toBe('Tools of a test')
  })

  it('lists tools', async () => {
    await using connected = await connect(options)
    const { tools } = await connected.client.listTools()
    expect(tools[0]).toEqual({
      name: 'echo',
      title: 'echo',
      description: 'Does echo',
      inputSchema: { type: 'object' },
      annotations: { readOnlyHint: true },
    })
  })

  it('calls tools, several at a time', async () => {
    await using connected = await connect(options)
    const { client, complaints } = connected
    const texts = ['a', 'b', 'c']
    const calls = texts.map((text) => client.callTool({ name: 'echo', arguments: { text } }))
    const results = await Promise.all(calls)
    expect(results.map(({ content }) => content)).toEqual(texts.map((text) => [{ type: 'text', text }]))
    expect(complaints).toEqual([])
  })

  it('gets a failure of a tool as a result, and an unknown tool as an error', async () => {
    await using connected = await connect(options)
    const { client } = connected
    expect(await client.callTool({ name: 'refuse' })).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: '[not_found] No environment "bix": there are "box", "gpu"' }],
    })
    await expect(client.callTool({ name: 'shel' })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('No tool "shel": there are "echo"'),
    })
  })

  it('cancels a call', async () => {
    await using connected = await connect(options)
    const { client, complaints, told } = connected
    const cancel = new AbortController()
    const call = client.callTool({ name: 'wait' }, { signal: cancel.signal })
    expect(await told.take()).toBe('waiting')
    cancel.abort('enough')
    await expect(call).rejects.toThrow('enough')
    expect(await told.take()).toBe('aborted canceled')
    expect(await client.callTool({ name: 'echo', arguments: { text: 'next' } })).toHaveProperty('content')
    expect(complaints).toEqual([])
  })

  it('follows the progress of a call', async () => {
    await using connected = await connect(options)
    const { client, complaints } = connected
    const seen = new Mailbox<unknown>()
    const call = client.callTool({ name: 'steps' }, { onprogress: (progress) => seen.put(progress) })
    expect(await seen.take()).toEqual({ progress: 1, total: 2, message: 'half' })
    await client.callTool({ name: 'finish' })
    expect(await call).toMatchObject({ content: [{ type: 'text', text: 'done' }] })
    expect(complaints).toEqual([])
  })
})
