import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BuiltFixture, buildFixture } from '../support/build-fixture.ts'
import { Mailbox } from '../support/mailbox.ts'

describe('watchProcess', () => {
  let program: BuiltFixture

  beforeAll(async () => {
    program = await buildFixture('test/fixtures/app/watched.ts')
  })
  afterAll(() => program[Symbol.asyncDispose]())

  it('logs what nobody caught, and the program goes on', async () => {
    await using watched = await startWatched(program.path)
    watched.child.stdin.write('throw\n')
    expect(await watched.lines.take()).toBe('error that nobody caught: Error: thrown')
    watched.child.stdin.write('reject\n')
    expect(await watched.lines.take()).toBe('error that nobody caught: Error: rejected')
    watched.child.stdin.write('throw\n')
    expect(await watched.lines.take()).toBe('error that nobody caught: Error: thrown')
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('hands %s on', async (signal) => {
    await using watched = await startWatched(program.path)
    watched.child.kill(signal)
    expect(await watched.lines.take()).toBe('asked to end')
    expect(await watched.exited).toEqual([0, null])
  })
})

async function startWatched(path: string) {
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = new Mailbox<string>()
  createInterface(child.stdout).on('line', (line) => lines.put(line))
  expect(await lines.take()).toBe('ready')
  return {
    child,
    exited,
    lines,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}
