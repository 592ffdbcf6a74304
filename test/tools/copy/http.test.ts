import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Tap } from '../../../src/gateway/tap.ts'
import type { StartRequest } from '../../../src/protocol/executor.ts'
import type { Relay } from '../../../src/protocol/relay.ts'
import { BridgeError } from '../../../src/util/errors.ts'
import { GatewayMachines, type GatewayMachinesOptions } from '../../support/gateway-machines.ts'
import { bytesIn, describeTree, makeTree } from '../../support/tree.ts'
import { withoutPrograms, withShellLines } from '../../support/two-machines.ts'
import type { ExecutorChanges } from '../../support/wrapped-executor.ts'

const file = { source_path: 'f', destination_path: 'g' }
const tree = { source_path: 'd', destination_path: 'e', recursive: true }
/** An executor that cannot speak HTTP itself, as every stock one. */
const STOCK = { features: { relay: false, closeStdin: false, rename: false } }
/** A disk on which a file may grow to 1 MB, and no further; the writer is told, not killed. */
const SMALL_DISK = withShellLines('trap "" XFSZ; ulimit -f 1000')
/** A curl that takes its time. */
const SLOW = withShellLines('curl() { command curl "$@" --limit-rate 4M; }')
/** What a copy that goes on may send again, and the headers of archives. */
const WINDOW = 1024 * 1024
const FRAMING = 64 * 1024
const POLL = { timeout: 15_000, interval: 20 }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const ENDS: readonly [string, GatewayMachinesOptions][] = [
  ['by themselves', {}],
  ['by curl', { a: STOCK, b: STOCK }],
  ['by curl to one that can itself', { a: STOCK }],
  ['from one that can itself to curl', { b: STOCK }],
]

describe.each(ENDS)('copy_path over HTTP %s', (_, options) => {
  it('carries a file, whole, with its mode', async () => {
    await using at = await GatewayMachines.start(options)
    const bytes = randomBytes(5_000_001)
    writeFileSync(at.path('a/f'), bytes, { mode: 0o640 })
    const text = await at.copy(file)
    expect(text).toMatch(/^Copied 1 file, 5,000,001 bytes, in .*, transport http$/m)
    expect(text).toContain(`sha256: ${sha256(bytes)} (the same at both ends)`)
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
    expect(statSync(at.path('b/g')).mode & 0o777).toBe(0o640)
    expect(readdirSync(at.path('b'))).toEqual(['g'])
  })

  it('carries an empty file, and one whose name needs care', async () => {
    await using at = await GatewayMachines.start(options)
    const name = `{a,b}[1-3] "#1" $x\\ 'é`
    writeFileSync(at.path('a/f'), '')
    writeFileSync(at.path(`a/${name}`), 'x')
    await at.copy(file)
    await at.copy({ source_path: name, destination_path: './' })
    expect(readFileSync(at.path('b/g'), 'utf8')).toBe('')
    expect(readFileSync(at.path(`b/${name}`), 'utf8')).toBe('x')
  })

  it('carries a directory with all in it', async () => {
    await using at = await GatewayMachines.start(options)
    mkdirSync(at.path('a/d'))
    makeTree(at.path('a/d'))
    const text = await at.copy(tree)
    expect(text).toMatch(/transport http$/m)
    expect(describeTree(at.path('b/e'))).toEqual(describeTree(at.path('a/d')))
    expect(readdirSync(at.path('b'))).toEqual(['e'])
  })
})

describe('copy_path over HTTP when something fails', () => {
  it('says what of the source cannot be packed', async () => {
    const start = (request: StartRequest) => withShellLines(FAILING_TAR).start!(request)
    await using at = await GatewayMachines.start({ a: { ...STOCK, start }, b: STOCK })
    mkdirSync(at.path('a/d'))
    await expect(at.copy(tree)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/: cannot read the source: tar: \.\/secret: .*: Permission denied$/),
    })
    expect(readdirSync(at.path('b'))).toEqual([])
  })

  it.each([
    ['a file', file, /cannot write there: File too large/],
    ['a directory', tree, /cannot write there: tar: .*(File too large|Wrote only)/],
  ])('says that there is no room for %s', async (_, args, message) => {
    await using at = await GatewayMachines.start({ a: STOCK, b: { ...STOCK, ...SMALL_DISK } })
    mkdirSync(at.path('a/d'))
    for (const name of ['f', 'd/f']) writeFileSync(at.path(`a/${name}`), randomBytes(3_000_000))
    writeFileSync(at.path('b/g'), 'old')
    await expect(at.copy(args)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(message),
    })
    expect(readFileSync(at.path('b/g'), 'utf8')).toBe('old')
    expect([at.a.running, at.b.running]).toEqual([0, 0])
  })

  it('is the reason of the machine that failed, not of the other one', async () => {
    await using at = await GatewayMachines.start({ b: { ...STOCK, ...SMALL_DISK } })
    writeFileSync(at.path('a/f'), randomBytes(3_000_000))
    await expect(at.copy(file)).rejects.toMatchObject({ code: 'conflict' })
  })

  it.each([
    ['by curl', { a: { ...STOCK, ...SLOW }, b: STOCK }],
    ['to one that receives by itself', { a: { ...STOCK, ...SLOW } }],
    ['from one that sends by itself', { b: { ...STOCK, ...SLOW } }],
  ])('ends both ends when it is cancelled, %s', async (_, options) => {
    await using at = await GatewayMachines.start(options)
    writeFileSync(at.path('a/f'), randomBytes(6_000_000))
    const cancel = new AbortController()
    const copy = at.copy(file, { signal: cancel.signal })
    copy.catch(() => {})
    await expect.poll(() => arrived(at), POLL).toBeGreaterThan(0)
    cancel.abort()
    await expect(copy).rejects.toMatchObject({ code: 'canceled' })
    expect([at.a.running, at.b.running]).toEqual([0, 0])
    expect(readdirSync(at.path('b'))).not.toContain('g')
  })

  it.each([
    ['by curl', { a: { ...STOCK, ...SLOW }, b: STOCK }],
    ['to one that receives by itself', { a: { ...STOCK, ...SLOW } }],
  ])(
    'goes on after the gateway was started anew, %s',
    async (_, options) => {
      await using at = await GatewayMachines.start(options)
      const bytes = randomBytes(6_000_000)
      writeFileSync(at.path('a/f'), bytes)
      const copy = at.copy(file)
      copy.catch(() => {})
      await expect.poll(() => arrived(at), POLL).toBeGreaterThan(1_500_000)
      await at.gateway.restart()
      await expect(copy).rejects.toMatchObject({ code: 'unavailable' })
      await expect.poll(() => at.areConnected(), POLL).toBe(true)
      expect(await at.copy(file)).toMatch(/^[\d,]+ bytes were there from an earlier try\.$/m)
      expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
    },
    60_000,
  )
})

describe.each([
  ['by curl', { a: { ...STOCK, ...SLOW }, b: STOCK }],
  ['to one that receives by itself', { a: { ...STOCK, ...SLOW } }],
])('copy_path over HTTP %s, called again after it was ended', (_, machines) => {
  it.each([
    ['a file', file, ['f']],
    ['a directory', tree, ['d/1', 'd/2', 'd/3']],
  ])('sends at most one window of %s again', async (_, args, names) => {
    const passed: number[] = []
    await using at = await GatewayMachines.start({ ...machines, gateway: { taps: [copiesTap(passed)] } })
    mkdirSync(at.path('a/d'))
    for (const name of names) writeFileSync(at.path(`a/${name}`), randomBytes(9_000_000 / names.length))
    const cancel = new AbortController()
    const first = at.copy(args, { signal: cancel.signal })
    first.catch(() => {})
    await expect.poll(() => arrived(at), POLL).toBeGreaterThan(4_500_000)
    cancel.abort()
    await expect(first).rejects.toMatchObject({ code: 'canceled' })
    const missing = 9_000_000 - arrived(at)
    passed.length = 0
    expect(await at.copy(args)).toMatch(/^[\d,]+ bytes were there from an earlier try\.$/m)
    const sent = passed.reduce((sum, bytes) => sum + bytes, 0)
    expect(sent).toBeGreaterThanOrEqual(missing)
    expect(sent).toBeLessThanOrEqual(missing + WINDOW + FRAMING)
    expect(bytesIn(at.path('b'))).toBe(9_000_000)
  })
})

describe('copy_path with transport auto', () => {
  const auto = { ...file, transport: 'auto' }

  it('goes over the bridges with what is small, and over HTTP with what is large', async () => {
    await using at = await GatewayMachines.start()
    writeFileSync(at.path('a/f'), 'small')
    expect(await at.copy({ ...auto, dry_run: true })).toContain(', transport ws;')
    expect(await at.copy(auto)).toMatch(/transport ws$/m)
    writeFileSync(at.path('a/f'), randomBytes(9_000_000))
    expect(await at.copy({ ...auto, dry_run: true })).toContain(', transport http;')
    expect(await at.copy(auto)).toMatch(/transport http$/m)
  })

  it.each([
    [
      'an executor cannot reach the gateway',
      {
        a: STOCK,
        b: STOCK,
        relay: (relay: Relay): Relay => ({
          ...bound(relay),
          create: async (ends, options) => ({
            ...(await relay.create(ends, options)),
            downloadUrl: 'http://127.0.0.1:1/relay/x',
          }),
        }),
      },
      /^Not over HTTP: through the gateway: curl: \(7\) Failed to connect to 127\.0\.0\.1 port 1 .*\.$/m,
    ],
    [
      'there is no curl',
      { a: { ...STOCK, ...withoutPrograms('curl') } },
      /^Not over HTTP: "a" has no curl,/m,
    ],
    [
      'the gateway gives no ticket',
      {
        relay: (relay: Relay): Relay => ({
          ...bound(relay),
          create: () => Promise.reject(new BridgeError('denied', 'the gateway refused the secret')),
        }),
      },
      /^Not over HTTP: the gateway refused the secret\.$/m,
    ],
  ])('goes over the bridges where %s, and says so', async (_, options: GatewayMachinesOptions, note) => {
    await using at = await GatewayMachines.start(options)
    const bytes = randomBytes(9_000_000)
    writeFileSync(at.path('a/f'), bytes)
    const text = await at.copy(auto)
    expect(text).toMatch(/transport ws$/m)
    expect(text).toMatch(note)
    expect(readFileSync(at.path('b/g')).equals(bytes)).toBe(true)
  })

  it('foresees that it goes over the bridges where there is no curl', async () => {
    await using at = await GatewayMachines.start({ a: { ...STOCK, ...withoutPrograms('curl') } })
    writeFileSync(at.path('a/f'), randomBytes(9_000_000))
    expect(await at.copy({ ...auto, dry_run: true })).toContain(', transport ws;')
  })

  it('needs no ticket where none can be had, and http says why', async () => {
    await using at = await GatewayMachines.start({ relay: () => undefined })
    writeFileSync(at.path('a/f'), randomBytes(9_000_000))
    expect(await at.copy(auto)).toMatch(/transport ws$/m)
    await expect(at.copy(file)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('started without --exec-gateway-internal-url'),
    })
  })
})

const WATCHED = [
  ...ENDS.flatMap(([ways, options]) => [
    { what: 'a file', args: file, ways, options },
    { what: 'a directory', args: tree, ways, options },
  ]),
  {
    what: 'a part of a directory',
    args: { ...tree, exclude: ['small'] },
    ways: 'by curl',
    options: { a: STOCK, b: STOCK },
  },
]

describe.skipIf(process.platform !== 'linux')('the secrets of a copy', () => {
  it.each(WATCHED)(
    'stand in no argument, variable or file that others can read: $what $ways',
    async ({ args, options }) => {
      let ticket = ''
      const relay = (real: Relay): Relay => ({
        ...bound(real),
        async create(ends, within) {
          const made = await real.create(ends, within)
          ticket = made.ticket
          return made
        },
      })
      const slow = (changes: ExecutorChanges | undefined) => (changes ? { ...changes, ...SLOW } : {})
      await using at = await GatewayMachines.start({ a: slow(options.a), b: slow(options.b), relay })
      mkdirSync(at.path('a/d'))
      for (const name of ['f', 'd/f']) writeFileSync(at.path(`a/${name}`), randomBytes(1_000_000))
      writeFileSync(at.path('a/d/small'), 'small')
      let isOver = false
      const copy = at.copy(args).finally(() => {
        isOver = true
      })
      let looks = 0
      const found: string[] = []
      while (!isOver) {
        if (ticket !== '') {
          const secrets = [ticket, at.gateway.internalSecret]
          found.push(...seenOfAll(secrets), ...wideFilesWith(secrets, at.path('.')))
          looks++
        }
        await new Promise(setImmediate)
      }
      await copy
      expect(found).toEqual([])
      expect(looks).toBeGreaterThan(0)
      const gone = await fetch(`${at.gateway.url}/relay/${ticket}`, {
        headers: { Authorization: `Bearer ${ticket}` },
      })
      expect(gone.status).toBe(410)
      expect(JSON.stringify(at.gateway.logger.lines)).not.toContain(ticket)
    },
  )
})

/** A tar that packs nothing, on the PATH of the script. */
const FAILING_TAR = `bin=$(mktemp -d) && cat > "$bin/tar" <<'END'
#!/bin/sh
case $* in
*-cf*) echo "tar: ./secret: Cannot open: Permission denied" >&2; exit 2 ;;
esac
exec /usr/bin/tar "$@"
END
chmod +x "$bin/tar"; PATH=$bin:$PATH; trap 'rm -rf "$bin"' EXIT
`

/** How many bytes of a copy lie at the destination. */
function arrived(at: GatewayMachines): number {
  const partial = readdirSync(at.path('b')).find((name) => name.endsWith('.partial'))
  return partial === undefined ? 0 : bytesIn(at.path(`b/${partial}`))
}

/** Notes how many bytes went through in each copy. */
function copiesTap(passed: number[]): Tap {
  const nothing = () => {}
  return {
    executor: () => nothing,
    bridge: () => ({ up: nothing, down: nothing, ended: nothing, closed: nothing }),
    copy: () => (_outcome, bytes) => passed.push(bytes),
    refused: nothing,
  }
}

/** Its methods, for an object that changes some. */
function bound(relay: Relay): Relay {
  return {
    create: (ends, options) => relay.create(ends, options),
    passed: (ticket, options) => relay.passed(ticket, options),
    end: (ticket) => relay.end(ticket),
  }
}

/** Where one of the secrets stands that every user, or `ps`, can see. */
function seenOfAll(secrets: readonly string[]): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [
      ...['cmdline', 'environ'].map((name) => `/proc/${pid}/${name}`).filter((path) => hasOne(path, secrets)),
      ...openFiles(pid).filter((path) => isWide(path) && hasOne(path, secrets)),
    ])
}

function hasOne(path: string, secrets: readonly string[]): boolean {
  try {
    const text = readFileSync(path, 'latin1')
    return secrets.some((secret) => text.includes(secret))
  } catch {
    return false // it is over
  }
}

/** Plain files of a process that are small enough to be told from what is copied. */
function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`)
  } catch {
    return []
  }
}

/** Files with a secret that others can read: in a directory at any depth, and what copies keep for a while where all do. */
function wideFilesWith(secrets: readonly string[], directory: string): string[] {
  const below = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  const kept = readdirSync(tmpdir()).filter((name) => name.startsWith('env-mcp-'))
  const paths = [...below.map((name) => join(directory, name)), ...kept.map((name) => join(tmpdir(), name))]
  return paths.filter((path) => isWide(path) && hasOne(path, secrets))
}

function isWide(path: string): boolean {
  try {
    const found = statSync(path)
    return found.isFile() && found.size < 100_000 && (found.mode & 0o077) !== 0
  } catch {
    return false
  }
}
