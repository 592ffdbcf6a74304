import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CODEX_VERSIONS, type CodexVersion } from './support/codex.ts'
import { useMachines } from './support/machines.ts'

const machines = useMachines()

/** Before 0.151 an exec-server does not tell all of its shell, directory, home and system. */
const ASKED: readonly CodexVersion[] = ['0.150.1', '0.142.5', '0.132.0']

describe.each(CODEX_VERSIONS)('shell on codex exec-server %s', (version) => {
  it('runs an argument list and gives its output and exit code', async () => {
    const box = machines.machine(version)
    const { text, isError } = await box.call('shell', {
      command: ['sh', '-c', 'echo "a  b"; echo c >&2; exit 3'],
    })
    expect(text).toMatch(/^Process exited with code 3$/m)
    expect(text).toMatch(/^Wall time: [\d.]+ seconds$/m)
    expect(text).toMatch(/^Output:$/m)
    expect(text).toMatch(/^a {2}b$/m)
    expect(text).toMatch(/^c$/m)
    expect(isError).toBe(true)
  })

  it('runs a string in the login shell of the machine, in its directory, with its environment', async () => {
    const box = machines.machine(version)
    const command = 'shopt -q login_shell && pwd && echo "$HOME $PLAIN $SOME_TOKEN"'
    const { text, isError } = await box.call('shell', { command })
    expect(text).toMatch(`\n${box.cwd}\n${box.home} plain token\n`)
    expect(isError).toBe(false)
  })

  it('starts in the directory, and with the variables, of the call', async () => {
    const box = machines.machine(version)
    const cwd = 'a folder'
    await mkdir(join(box.cwd, cwd))
    const command = ['sh', '-c', 'pwd; echo "$X $PLAIN"']
    const { text } = await box.call('shell', { command, cwd, env: { X: 'x', PLAIN: 'changed' } })
    expect(text).toMatch(`\n${join(box.cwd, cwd)}\nx changed\n`)
  })

  it('delivers a text as input, with its end', async () => {
    const box = machines.machine(version)
    const { text } = await box.call('shell', { command: 'cat; echo over', stdin: 'ein Käse\nno newline' })
    expect(text).toMatch('\nein Käse\nno newlineover')
    expect(text).toMatch(/^Process exited with code 0$/m)
  })

  it('hands a command that takes too long over to read_output and terminate', async () => {
    const box = machines.machine(version)
    const command = 'echo begun; until [ -e go ]; do sleep 0.05; done; echo gone'
    const late = await box.call('shell', { command, timeout_ms: 1000 })
    const [, session] = late.text.match(/^Process running with session ID (\S+)/m) ?? []
    expect(late.text).toMatch(/^begun$/m)
    await box.call('shell', { command: ['touch', 'go'] })
    const rest = await machines.client.call('read_output', {
      session_id: session,
      wait_for: 'exit',
      yield_time_ms: 20_000,
    })
    expect(rest.text).toMatch(/^gone$/m)
    expect(rest.text).not.toMatch('begun')
    expect(rest.text).toMatch(/^Process exited with code 0$/m)
  })

  it('says what cannot be started, and why', async () => {
    const box = machines.machine(version)
    const program = await box.call('shell', { command: ['no-such-program'] })
    const folder = await box.call('shell', { command: ['true'], cwd: '/no/such/folder' })
    expect([program.isError, folder.isError]).toEqual([true, true])
    expect(program.text).toMatch(/^\[not_found\] .*no-such-program/)
    expect(folder.text).toMatch(/^\[not_found\] .*\/no\/such\/folder/)
  })

  it('shows bytes that are not UTF-8 as \\xNN', async () => {
    const box = machines.machine(version)
    const { text } = await box.call('shell', {
      command: String.raw`printf 'a\377\000b\303'; printf '\251\n'`,
    })
    expect(text).toMatch(/^a\\xff.+bé$/m)
  })

  it('keeps the first and the last of 20 MB, and says what it left out', async () => {
    const box = machines.machine(version)
    const command = 'seq -f "%019.0f" 1 1000000'
    const { text, isError } = await box.call('shell', { command })
    expect(isError).toBe(false)
    expect(Buffer.byteLength(text)).toBeLessThan(42_000)
    expect(text).toMatch(/^0{18}1$/m)
    expect(text).toMatch(/^0{12}1000000$/m)
    const kept = text.match(/^\d{19}$/gm)?.length ?? 0
    const left = Number(text.match(/([\d,]+) lines/)?.[1]?.replaceAll(',', ''))
    expect(kept + left).toBe(1_000_000)
  })

  it('does not wait for a child that holds the pipes, and says that something still runs', async () => {
    const box = machines.machine(version)
    const before = performance.now()
    const { text } = await box.call('shell', { command: 'sleep 300 & echo started', timeout_ms: 60_000 })
    expect(performance.now() - before).toBeLessThan(20_000)
    expect(text).toMatch(/^Process exited with code 0$/m)
    expect(text).toMatch(/^started$/m)
    expect(text).toMatch(/still/i)
  })

  it('runs two calls on it at the same time', async () => {
    const box = machines.machine(version)
    const meet = (mine: string, other: string) =>
      box.call('shell', { command: `touch ${mine}; until [ -e ${other} ]; do sleep 0.05; done; echo met` })
    const answers = await Promise.all([meet('one', 'two'), meet('two', 'one')])
    expect(answers.map(({ text }) => /^met$/m.test(text))).toEqual([true, true])
  })
})

describe('environments', () => {
  it('are all listed, with what is known of the connected ones', async () => {
    await Promise.all(
      CODEX_VERSIONS.map((version) => machines.machine(version).call('shell', { command: ['true'] })),
    )
    const { text } = await machines.client.call('list_environments')
    const list = CODEX_VERSIONS.map((version) => {
      const { cwd } = machines.machine(version)
      const known = { name: version, is_default: false, os: process.platform, shell: '/bin/bash', cwd }
      const note = ASKED.includes(version) ? expect.stringContaining('login shell') : undefined
      return {
        ...known,
        ...(note && { note }),
        description: expect.any(String),
        round_trip_ms: expect.any(Number),
      }
    })
    expect(JSON.parse(text)).toEqual(list)
  })

  it('run commands at the same time', async () => {
    const gate = join(machines.machine('0.169.0').cwd, 'gate')
    await mkdir(gate)
    const command = `touch ${gate}/$$; until [ "$(ls ${gate} | wc -l)" = 4 ]; do sleep 0.05; done; echo all here`
    const calls = CODEX_VERSIONS.map((version) => machines.machine(version).call('shell', { command }))
    for (const { text } of await Promise.all(calls)) expect(text).toMatch(/^all here$/m)
  })

  it('must be named when there are several, and exactly', async () => {
    const { client } = machines
    const unnamed = await client.call('shell', { command: ['true'] })
    const misspelt = await client.call('shell', { command: ['true'], environment_id: '0.169.1' })
    expect([unnamed.isError, misspelt.isError]).toEqual([true, true])
    for (const version of CODEX_VERSIONS) expect(unnamed.text).toContain(`"${version}"`)
    expect(misspelt.text).toMatch(/^\[not_found\] No environment "0\.169\.1".*"0\.169\.0"/)
  })
})
