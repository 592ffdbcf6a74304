import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { credentialFromCommand } from '../../src/credentials/from-command.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'env-mcp-credential-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** A command that prints what `token` holds, and leaves one line in `runs` for each run. */
function command(...more: string[]): string[] {
  return ['sh', '-c', `cd "$0"; echo run >> runs; ${more.join(';')} cat token`, folder]
}

async function runs(): Promise<number> {
  return (await readFile(join(folder, 'runs'), 'utf8')).split('\n').length - 1
}

function token(exp: number): string {
  return `${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.signature`
}

describe('credentialFromCommand', () => {
  it('runs once for all who ask together, and keeps what it printed', async () => {
    await writeFile(join(folder, 'token'), 'first\n')
    const credential = credentialFromCommand(command())
    expect(await Promise.all([credential.read(), credential.read()])).toEqual(['first', 'first'])
    expect(await credential.read()).toBe('first')
    expect(await runs()).toBe(1)
  })

  it('runs again, once for all, when the secret was refused', async () => {
    await writeFile(join(folder, 'token'), 'first')
    const credential = credentialFromCommand(command())
    await credential.read()
    await writeFile(join(folder, 'token'), 'second')
    expect(await Promise.all([credential.renew('first'), credential.renew('first')])).toEqual([
      'second',
      'second',
    ])
    expect(await credential.renew('first')).toBe('second')
    expect(await runs()).toBe(2)
  })

  it('has no other secret when the program prints the refused one again', async () => {
    await writeFile(join(folder, 'token'), 'first')
    expect(await credentialFromCommand(command()).renew('first')).toBeUndefined()
  })

  it('runs again when the token says that it is over', async () => {
    let nowMs = 999_000
    await writeFile(join(folder, 'token'), token(1000))
    const credential = credentialFromCommand(command(), { now: () => nowMs })
    await credential.read()
    await credential.read()
    expect(await runs()).toBe(1)
    nowMs = 1_000_000
    await credential.read()
    expect(await runs()).toBe(2)
  })

  it.each([
    [['no-such-program-anywhere'], 'command "no-such-program-anywhere" cannot be started (not_found)'],
    [['sh', '-c', 'echo secret; exit 3'], 'command "sh" ended with code 3'],
    [['sh', '-c', 'exec tail -f /dev/null'], 'command "sh" took longer than 50 ms'],
    [['sh', '-c', 'exec cat /dev/zero'], 'command "sh" printed more than 65536 bytes'],
    [['true'], 'Cannot read a token: command "true" is unset or empty'],
    [['echo', 'two words'], 'Cannot use the token of command "echo"'],
  ])('says in one sentence why %j gives none', async (argv, message) => {
    const timeoutMs = argv.includes('exec tail -f /dev/null') ? 50 : 10_000
    const failure = credentialFromCommand(argv, { timeoutMs }).read()
    await expect(failure).rejects.toMatchObject({ code: 'denied' })
    await expect(failure).rejects.toThrow(message)
  })

  it('does not wait for a child of the program that holds its output', async () => {
    const credential = credentialFromCommand([
      'sh',
      '-c',
      'sleep 30 & echo $! > "$0/pid"; echo token',
      folder,
    ])
    expect(await credential.read()).toBe('token')
    process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')))
  })
})
