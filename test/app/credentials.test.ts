import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Credentials } from '../../src/app/credentials.ts'
import { parseOptions } from '../../src/app/options.ts'
import { createResolver } from '../../src/app/resolver.ts'
import { silentLogger } from '../../src/util/log.ts'
import { startGateway } from '../support/gateway.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempDirectory } from '../support/temp-directory.ts'

/** Credentials that watch one file, whose token is `first`. */
async function watching() {
  const directory = await tempDirectory()
  const path = join(directory.path, 'token')
  await writeFile(path, 'first\n')
  const clock = new ManualClock()
  const logger = createMemoryLogger()
  const credentials = new Credentials(logger, clock)
  const source = { kind: 'file', path } as const
  credentials.of(source)
  const looked = () => expect.poll(() => clock.pending, { interval: 1 }).toBe(1)
  await looked()
  return {
    ...{ path, source, clock, logger, credentials },
    async rotate(token: string) {
      await writeFile(path, `${token}\n`)
      await clock.advance(1000)
      await looked()
    },
    async [Symbol.asyncDispose]() {
      credentials[Symbol.dispose]()
      await directory[Symbol.asyncDispose]()
    },
  }
}

describe('Credentials', () => {
  it('has one credential for a source', () => {
    using credentials = new Credentials(silentLogger)
    const source = { kind: 'variable', name: 'T' } as const
    expect(credentials.of({ ...source })).toBe(credentials.of(source))
    expect(credentials.of({ ...source, name: 'U' })).not.toBe(credentials.of(source))
  })

  it('logs that a file has another token, never which, and tells who wants to know', async () => {
    await using files = await watching()
    let told = 0
    files.credentials.onChange(files.source, () => told++)
    await files.rotate('second')
    const fields = { origin: `file ${JSON.stringify(files.path)}` }
    expect(files.logger.lines).toEqual([{ level: 'info', fields, message: 'token changed' }])
    expect(told).toBe(1)
  })

  it('watches nothing any more once it is disposed', async () => {
    await using files = await watching()
    files.credentials[Symbol.dispose]()
    expect(files.clock.pending).toBe(0)
  })

  // The refusal was served from the cache for 10 s, and once more to the first who asked after that.
  it('lets the environments be listed at once when the token that was refused is replaced', async () => {
    const machine = { name: 'box', exeId: 'exe_1', url: 'ws://127.0.0.1:1' }
    await using gateway = await startGateway({ token: 'second', machines: [machine] })
    await using files = await watching()
    const { bridgeUrl, httpUrl } = gateway
    const where = ['--exec-gateway-url', bridgeUrl, '--exec-gateway-internal-url', httpUrl]
    const flags = ['--workspace-id', 'ws_1', '--workspace-token-file', files.path, ...where]
    const parsed = parseOptions(flags, {}, '/')
    if (!parsed.ok) throw new Error(parsed.message)
    const resolver = createResolver(parsed.options, files.credentials, silentLogger)
    await expect(resolver.list()).rejects.toMatchObject({ code: 'denied' })
    await files.rotate('second')
    expect((await resolver.list()).environments).toMatchObject([{ name: 'box' }])
  })
})
