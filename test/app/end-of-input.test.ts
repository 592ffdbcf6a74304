import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { serveStdio } from '../../src/front/stdio.ts'
import { JsonLines } from '../support/json-lines.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { settled } from '../support/manual-clock.ts'
import { openScripted, type ScriptedClient } from '../support/scripted-client.ts'
import { NO_ANSWER } from '../support/scripted-exec-server.ts'
import { toolsOver } from '../support/tool-calls.ts'

/** As many as a client may have running at a time. */
const MOST = 256

/** The server as it is put together, from the lines of a client to the messages of one machine, whose clock stands still. */
async function serveBox() {
  const box = await openScripted()
  const logger = createMemoryLogger()
  const tools = toolsOver({ box: box.client }, { clock: box.clock, logger })
  const [input, output] = [new PassThrough(), new PassThrough()]
  const client = new JsonLines(input, output)
  const server = { name: 'env-mcp', version: '1.2.3', instructions: 'Works on machines' }
  const over = serveStdio({ host: tools.host, server, input, output, logger }).then(() =>
    tools[Symbol.asyncDispose](),
  )
  return {
    ...{ box, logger, client },
    call: (name: string, args: object) =>
      client.send({ id: name, method: 'tools/call', params: { name, arguments: args } }),
    /** Ends the input; gives what the machine was sent in the turn in which the server saw that, before any timer or answer. */
    endInput: () => sentInTurnOf(input, box),
    async [Symbol.asyncDispose]() {
      input.end()
      await box[Symbol.asyncDispose]()
      await over
    },
  }
}

function sentInTurnOf(input: PassThrough, { server }: ScriptedClient): Promise<string[]> {
  const before = server.methods.length
  // What is asked from here on is not answered: whatever waited for an answer would not be sent.
  for (const method of new Set([...server.methods, 'process/terminate']))
    server.answer(method, () => NO_ANSWER)
  return new Promise((resolve) => {
    input.once('end', () => setImmediate(() => resolve(server.methods.slice(before))))
    input.end()
  })
}

describe('the end of the input', () => {
  it('has every process of a running call terminated in the turn in which it is seen', async () => {
    await using served = await serveBox()
    for (let at = 0; at < MOST; at++) served.call(at % 2 ? 'shell' : 'exec_command', { command: 'make' })
    await expect.poll(() => served.box.server.calls('process/start')).toHaveLength(MOST)
    await settled()
    expect(await served.endInput()).toEqual(Array(MOST).fill('process/terminate'))
    const started = served.box.server.calls('process/start').map(({ processId }) => processId)
    const ended = served.box.server.calls('process/terminate').map(({ processId }) => processId)
    expect(ended.sort()).toEqual(started.sort())
  })

  it('has those terminated too whose start has not been answered', async () => {
    await using served = await serveBox()
    served.box.server.answer('process/start', () => NO_ANSWER)
    for (let at = 0; at < MOST; at++) served.call('shell', { command: 'make' })
    // No more are under way at a time; the rest is not sent at all.
    await expect.poll(() => served.box.server.calls('process/start')).toHaveLength(64)
    const sent = await served.endInput()
    expect(new Set(sent)).toEqual(new Set(['process/terminate']))
    const started = served.box.server.calls('process/start').map(({ processId }) => processId)
    const ended = served.box.server.calls('process/terminate').map(({ processId }) => processId)
    expect(ended).toEqual(expect.arrayContaining(started))
  })

  it('leaves the sessions that were handed out, and the log says which', async () => {
    await using served = await serveBox()
    served.call('exec_command', { command: 'serve', yield_time_ms: 0 })
    const answer = JSON.stringify(await served.client.receive())
    const [, id] = /session ID (box\/[a-z0-9]+)/.exec(answer) ?? []
    served.call('shell', { command: 'make' })
    await served.box.server.next('process/start')
    await served.box.server.next('process/start')
    await settled()
    served.client.end()
    await expect
      .poll(() => served.logger.lines)
      .toContainEqual({ level: 'info', fields: { sessions: [id] }, message: 'sessions left running' })
    const [handedOut, running] = served.box.server.calls('process/start')
    expect(id).toBe(`box/${handedOut.processId}`)
    expect(served.box.server.calls('process/terminate')).toEqual([{ processId: running.processId }])
  })
})
