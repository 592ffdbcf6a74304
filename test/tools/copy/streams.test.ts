import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { FedProcess } from '../../../src/tools/copy/fed-process.ts'
import { pacedOutput } from '../../../src/tools/copy/paced-process.ts'
import { machine, withShellLines } from '../../support/two-machines.ts'

/** How `head` of busybox and of the BSDs reads: a buffer full, of which it throws away what it did not need. */
const GREEDY_HEAD = 'head() { dd bs=65536 count=1 2>/dev/null | command head -c "$2"; }'
const PLAIN_DD = 'dd() { case "$*" in *iflag*) return 1 ;; esac; command dd "$@"; }'

const PROGRAMS = [
  ['GNU programs', {}],
  ['a head that reads too much', withShellLines(GREEDY_HEAD)],
  ['no other way than byte by byte', withShellLines(`${GREEDY_HEAD}\n${PLAIN_DD}`)],
] as const

const directory = mkdtempSync(join(tmpdir(), 'streams-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe.each(PROGRAMS)('FedProcess on a machine with %s', (_, changes) => {
  it('hands on every byte, and ends by itself', async () => {
    await using executor = machine('/', changes)
    const file = join(directory, 'fed')
    const content = randomBytes(700_001)
    await using fed = await feed(executor, 'cat > "$1"', file)
    for (let at = 0; at < content.length; at += 300_000)
      await fed.write(content.subarray(at, at + 300_000), {})
    await fed.end({})
    expect(readFileSync(file).equals(content)).toBe(true)
    expect(executor.running).toBe(0)
  })
})

describe('FedProcess', () => {
  it('never sends more than 1 MiB that was not taken', async () => {
    let untaken = 0
    let most = 0
    await using executor = machine('/', {
      write: async (bytes) => {
        untaken += bytes.byteLength
        most = Math.max(most, untaken)
      },
      read: (result) => {
        const answers = Buffer.concat(result.chunks.map(({ bytes }) => bytes)).toString()
        for (const line of answers.split('\n')) if (line) untaken -= Number(line) + line.length + 1
        return result
      },
    })
    await using fed = await feed(executor, 'cat >/dev/null')
    for (let n = 0; n < 8; n++) await fed.write(Buffer.alloc(1024 * 1024), {})
    await fed.end({})
    expect(most).toBeGreaterThan(512 * 1024)
    expect(most).toBeLessThan(1024 * 1024 + 100)
  })

  it.each([
    ['dies in the middle', 'head -c 100000 >/dev/null; echo "disk: No space left on device" >&2; exit 3'],
    ['never begins', 'echo "disk: No space left on device" >&2; exit 3'],
    ['fails at the end', 'cat >/dev/null; echo "disk: No space left on device" >&2; exit 3'],
  ])('says why a consumer failed that %s', async (_, consumer) => {
    await using executor = machine('/')
    await using fed = await feed(executor, consumer)
    const work = async () => {
      for (let n = 0; n < 8; n++) await fed.write(Buffer.alloc(1024 * 1024), {})
      await fed.end({})
    }
    const message = 'cannot feed it: disk: No space left on device'
    await expect(work()).rejects.toMatchObject({ code: 'conflict', message })
  })

  it.each([4, 0.1])(
    'does not take it for good when a consumer leaves %f MB and says nothing',
    async (megabytes) => {
      await using executor = machine('/')
      await using fed = await feed(executor, 'exit 0')
      const work = async () => {
        await fed.write(Buffer.alloc(megabytes * 1e6), {})
        await fed.end({})
      }
      await expect(work()).rejects.toThrow(/cannot feed it: (it took|the command ended)/)
    },
  )

  it('ends the consumer when it is disposed of', async () => {
    await using executor = machine('/')
    {
      await using fed = await feed(executor, 'cat > "$1"; sleep 60', join(directory, 'given-up'))
      await fed.write(Buffer.alloc(300_000), {})
    }
    expect(executor.running).toBe(0)
  })
})

describe.each(PROGRAMS)('pacedOutput on a machine with %s', (_, changes) => {
  it('gives every byte in order, and ends with the command', async () => {
    await using executor = machine('/', changes)
    const producer = 'i=0; while [ $i -lt 60000 ]; do echo "line $i"; i=$((i + 1)); done'
    const text = (await read(executor, producer)).toString()
    expect(text).toBe(Array.from({ length: 60_000 }, (_, n) => `line ${n}\n`).join(''))
    expect(executor.running).toBe(0)
  })
})

describe('pacedOutput', () => {
  it.each([0, 1, 1024 * 1024, 2 * 1024 * 1024, 5_000_000])('gives %i bytes', async (size) => {
    await using executor = machine('/')
    expect((await read(executor, `head -c ${size} /dev/zero`)).byteLength).toBe(size)
  })

  it('never lets more come unread than an executor keeps for a client who comes back', async () => {
    let ahead = 0
    let most = 0
    await using executor = machine('/', {
      write: async (bytes) => {
        ahead += Number(Buffer.from(bytes).toString())
        most = Math.max(most, ahead)
      },
    })
    for await (const piece of produce(executor, 'head -c 20000000 /dev/zero')) ahead -= piece.byteLength
    expect(most).toBe(768 * 1024)
  })

  it('fails with the words and the status of the command', async () => {
    await using executor = machine('/')
    const work = read(
      executor,
      'head -c 3000000 /dev/zero; echo "tar: ./x: Permission denied" >&2; sh -c "exit 2"',
    )
    const message = 'cannot produce it: tar: ./x: Permission denied'
    await expect(work).rejects.toMatchObject({ code: 'denied', message })
  })

  it('fails when output was lost on the way', async () => {
    await using executor = machine('/', { read: (result) => ({ ...result, droppedBytes: 5 }) })
    await expect(read(executor, 'echo x')).rejects.toMatchObject({ code: 'process_lost' })
  })

  it('ends the command when its reader leaves', async () => {
    await using executor = machine('/')
    for await (const piece of produce(executor, 'cat /dev/zero')) if (piece.byteLength > 0) break
    expect(executor.running).toBe(0)
  })
})

type Box = ReturnType<typeof machine>

function feed(executor: Box, consumer: string, ...args: string[]): Promise<FedProcess> {
  return FedProcess.start(executor, { consumer, args, action: 'cannot feed it' }, {})
}

function produce(executor: Box, producer: string): AsyncGenerator<Uint8Array> {
  return pacedOutput(executor, { producer, args: [], action: 'cannot produce it' }, {})
}

async function read(executor: Box, producer: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of produce(executor, producer)) pieces.push(piece)
  return Buffer.concat(pieces)
}
