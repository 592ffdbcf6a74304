import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { GatewayMachines } from '../../support/gateway-machines.ts'
import { describeTree, timesIn } from '../../support/tree.ts'
import { OLD, TwoMachines, withShellLines } from '../../support/two-machines.ts'

const STOCK = { features: { relay: false, closeStdin: false, rename: false } }
const file = { source_path: 'd/20', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }
const LOST = /^(The|Not all) (mode|time)/m

interface Way {
  readonly start: () => TwoMachines | Promise<GatewayMachines>
  /** The environment that is copied to, from "a". */
  readonly to: string
}

const WAYS: readonly [string, Way][] = [
  ['over HTTP between executors of ours', { start: () => GatewayMachines.start(), to: 'b' }],
  ['over HTTP by curl', { start: () => GatewayMachines.start({ a: STOCK, b: STOCK }), to: 'b' }],
  ['over the bridges', { start: () => new TwoMachines(), to: 'b' }],
  ['over the bridges between old executors', { start: () => new TwoMachines({ a: OLD, b: OLD }), to: 'b' }],
  ['within one machine', { start: () => new TwoMachines(), to: 'a' }],
]

/** Small files with modes and times of all kinds, links, and directories that nobody writes to. */
function layOut(root: string): void {
  mkdirSync(`${root}/closed/empty`, { recursive: true })
  for (let n = 0; n < 60; n++) {
    writeFileSync(`${root}/${n}`, `small ${n}`)
    chmodSync(`${root}/${n}`, [0o644, 0o600, 0o755, 0o400, 0o777, 0o640][n % 6]!)
    utimesSync(`${root}/${n}`, 1e9 + n, 1e9 + n)
  }
  symlinkSync('7', `${root}/link`)
  symlinkSync('../nowhere', `${root}/closed/dangling`)
  execFileSync('mkfifo', [`${root}/closed/pipe`])
  for (const [name, mode] of [
    ['closed/empty', 0o500],
    ['closed', 0o550],
  ] as const) {
    chmodSync(`${root}/${name}`, mode)
    utimesSync(`${root}/${name}`, 1e9, 1e9)
  }
}

/** What a copy keeps of a directory: special files not. */
function keptOf(root: string): string[] {
  const times = timesIn(root).filter((line) => !line.includes('pipe'))
  return [...describeTree(root).filter((line) => !line.includes('pipe')), ...times]
}

describe.each(WAYS)('copy_path %s', (_, { start, to }) => {
  it('keeps the modes, times and links of many small files and directories', async () => {
    await using at = await start()
    layOut(at.path('a/d'))
    const text = await at.copy({ ...tree, destination_environment_id: to })
    expect(keptOf(at.path(`${to}/e`))).toEqual(keptOf(at.path('a/d')))
    expect(text).toContain('(the same at both ends)')
    expect(text).toContain('neither files, directories nor links: ./closed/pipe.')
    expect(text).not.toMatch(LOST)
  })

  it('keeps the mode and time of a file', async () => {
    await using at = await start()
    layOut(at.path('a/d'))
    const text = await at.copy({ ...file, destination_environment_id: to })
    const { mode, mtimeMs } = statSync(at.path(`${to}/g`))
    expect([mode & 0o777, mtimeMs]).toEqual([0o755, (1e9 + 20) * 1000])
    expect(text).not.toMatch(LOST)
  })
})

/** A disk that takes neither modes nor times, and programs that complain of it. */
const PLAIN_DISK =
  withShellLines(`plain() { find "$1" -type f -exec chmod 600 {} +; echo "$2" >&2; return "$3"; }
chmod() { echo 'chmod: Operation not permitted' >&2; return 1; }
touch() { return 1; }
tar() {
  [ "$1" = -xpof ] || { command tar "$@"; return; }
  command tar -xmof "$2" -C "$4"
  plain "$4" 'tar: ./1: Cannot change mode to rw-r--r--: Operation not permitted
tar: ./1: Cannot utime: Operation not permitted
tar: Exiting with failure status due to previous errors' 2
}
cp() {
  [ "$1" = -a ] || { command cp "$@"; return; }
  shift; command cp -R "$@"
  for last; do :; done
  plain "$last" "cp: preserving permissions for 'x': Operation not supported" 1
}`)

describe.each([
  ['over the bridges', 'b', { b: PLAIN_DISK }],
  ['within one machine', 'a', { a: PLAIN_DISK }],
])('copy_path %s to a disk without modes and times', (_, to, machines) => {
  it('copies, and says that they were not kept', async () => {
    await using at = new TwoMachines(machines)
    mkdirSync(at.path('a/d'))
    for (const name of ['20', '21']) {
      writeFileSync(at.path(`a/d/${name}`), name, { mode: 0o755 })
      utimesSync(at.path(`a/d/${name}`), 1e9, 1e9)
    }
    const one = await at.copy({ ...file, destination_environment_id: to })
    expect(one).toMatch(/^The mode was not kept: .*\nThe time was not kept: /m)
    const all = await at.copy({ ...tree, destination_environment_id: to })
    expect(all).toMatch(/^Not all modes were kept: .*\nNot all times were kept: /m)
    expect(all).toContain('(the same at both ends)')
    expect(readdirSync(at.path(`${to}/e`))).toEqual(['20', '21'])
  })

  it('fails for another reason as it always does', async () => {
    const full = withShellLines(
      'tar() { [ "$1" = --version ] || { printf "tar: x: Cannot utime\\ntar: x: No space left on device\\n" >&2; return 2; }; }\ncp() { printf "cp: preserving times for x\\ncp: x: No space left on device\\n" >&2; return 1; }',
    )
    await using at = new TwoMachines({ [to]: full })
    mkdirSync(at.path('a/d'))
    const copy = at.copy({ ...tree, destination_environment_id: to })
    await expect(copy).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/: (cp|tar): x: No space left on device(;|$)/),
    })
  })
})
