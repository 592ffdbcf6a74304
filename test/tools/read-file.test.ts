import { describe, expect, it } from 'vitest'
import type { ToolContent } from '../../src/host/tool-host.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { ScriptedExecutor } from '../support/scripted-executor.ts'
import { toolsOver } from '../support/tool-calls.ts'

const PNG = Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1')

/** One machine, alone, with this file as `/srv/app/f`. */
function box(content: string | Uint8Array) {
  const clock = new ManualClock()
  const executor = new ScriptedExecutor(clock)
  executor.files.set('/srv/app/f', Buffer.from(content))
  const tools = toolsOver({ box: executor }, { clock })
  return {
    executor,
    tools,
    async read(args: object = {}) {
      const { content, isError } = await tools.call('read_file', { path: 'f', ...args })
      const [first = '', second = ''] = content.map(textOf)
      return { first, second, content, isError }
    },
    [Symbol.asyncDispose]: () => tools[Symbol.asyncDispose](),
  }
}

function textOf(content: ToolContent): string {
  return content.type === 'text' ? content.text : `(${content.mimeType})`
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, at) => `line ${at + 1}\n`).join('')
}

describe('read_file', () => {
  it('gives text as it is, and its size beside it', async () => {
    await using my = box('grün\n\tblau')
    const { first, second, isError } = await my.read()
    expect(first).toBe('grün\n\tblau')
    expect(second).toBe('[/srv/app/f: 11 bytes, 2 lines: the whole file]')
    expect(isError).toBe(false)
  })

  it('says that a file is empty', async () => {
    await using my = box('')
    expect((await my.read()).first).toBe('[/srv/app/f: 0 bytes: the file is empty]')
  })

  it('finds it from the home directory and by an absolute path', async () => {
    await using my = box('x')
    my.executor.files.set('/home/u/a b', Buffer.from('home'))
    expect((await my.read({ path: '~/a b' })).first).toBe('home')
    expect((await my.read({ path: '/srv/app/../app/f' })).first).toBe('x')
  })

  describe('of a window', () => {
    it('moves no more than the window', async () => {
      await using my = box(Buffer.alloc(10_000_000, 'abcdefgh\n'))
      const { first, second } = await my.read({ offset: 5_000_004, limit: 6 })
      expect(my.executor.fileReads).toEqual([[5_000_004, 6]])
      expect(first).toBe('abcdef')
      expect(second).toBe(
        '[/srv/app/f: bytes 5,000,004 to 5,000,010 of 10,000,000: read_file {"path":"f","offset":5000010} reads on]',
      )
    })

    it('reads on, window by window, without losing or repeating a byte', async () => {
      const text = numbered(3000)
      await using my = box(text)
      let whole = ''
      for (let next: object | undefined = { path: 'f' }; next; ) {
        const { first, second } = await my.read({ ...next, max_output_bytes: 1000 })
        expect(first.length).toBeLessThanOrEqual(1000)
        expect(first).toMatch(/\n$/)
        whole += first
        const call = /read_file (\{.*\}) reads on/.exec(second)?.[1]
        next = call ? JSON.parse(call) : undefined
      }
      expect(whole).toBe(text)
    })

    it('does not end in the middle of a character', async () => {
      await using my = box('a🙂b')
      const { first, second } = await my.read({ offset: 0, limit: 3 })
      expect(first).toBe('a')
      expect(second).toContain('"offset":1}')
      expect((await my.read({ offset: 1, limit: 2 })).first).toBe('\\xf0\\x9f')
    })

    it('takes a limit of 0 as all', async () => {
      await using my = box('abc')
      expect((await my.read({ offset: 1, limit: 0 })).first).toBe('bc')
    })

    it('says when there is nothing there', async () => {
      await using my = box('abc')
      expect((await my.read({ offset: 4 })).first).toBe(
        '[/srv/app/f: nothing from offset 4 on, it has 3 bytes]',
      )
      expect((await my.read({ offset: 1 })).second).toBe(
        '[/srv/app/f: bytes 1 to 3 of 3: the end of the file]',
      )
    })

    it('reads a file whose size nobody tells', async () => {
      await using my = box('cpu 0\ncpu 1\n')
      my.executor.metadata = async () => ({
        kind: 'file',
        isSymlink: false,
        size: 0,
        modifiedMs: 0,
        mode: undefined,
      })
      expect((await my.read()).first).toBe('cpu 0\ncpu 1\n')
      expect((await my.read({ limit: 6 })).second).toMatch(/: bytes 0 to 6: read_file .* reads on\]$/)
    })
  })

  describe('by lines', () => {
    it('gives the lines asked for, and says which', async () => {
      await using my = box(numbered(100))
      const { first, second } = await my.read({ start_line: '10', line_count: 2 })
      expect(first).toBe('line 10\nline 11\n')
      expect(second).toBe(
        '[/srv/app/f: lines 10 to 11, bytes 63 to 79 of 792: read_file {"path":"f","start_line":12} reads on]',
      )
    })

    it('reads to the end', async () => {
      await using my = box('a\nb\nc')
      expect((await my.read({ start_line: 2 })).first).toBe('b\nc')
      expect((await my.read({ start_line: 2 })).second).toMatch(
        /: lines 2 to 3, bytes 2 to 5 of 5: the end of the file\]$/,
      )
      expect((await my.read({ start_line: 3, line_count: 5 })).second).toMatch(/the end of the file/)
    })

    it('starts at the first when only a count is given', async () => {
      await using my = box('a\nb\nc\n')
      expect((await my.read({ line_count: 1 })).first).toBe('a\n')
    })

    it('says how many there are when there are not so many', async () => {
      await using my = box('a\nb\n')
      expect((await my.read({ start_line: 3 })).first).toBe('[/srv/app/f: there is no line 3, it has 2]')
      expect((await my.read({ start_line: 9 })).first).toBe('[/srv/app/f: there is no line 9, it has 2]')
      await using other = box('a\nb')
      expect((await other.read({ start_line: 9 })).first).toBe('[/srv/app/f: there is no line 9, it has 2]')
    })

    it('finds a line over a border of blocks, and holds one block at a time', async () => {
      const line = `${'x'.repeat(99)}\n`
      await using my = box(Buffer.from(`${line.repeat(50_000)}here\n`))
      expect((await my.read({ start_line: 50_001 })).first).toBe('here\n')
      expect(Math.max(...my.executor.fileReads.map(([, length]) => length))).toBe(1024 * 1024)
    })

    it('goes on by bytes within a line that does not fit', async () => {
      await using my = box(`short\n${'x'.repeat(5000)}\n`)
      const { first, second } = await my.read({ start_line: 2, max_output_bytes: 1000 })
      expect(first).toBe('x'.repeat(1000))
      expect(second).toContain('read_file {"path":"f","offset":1006} reads on')
    })

    it('gives up on a line that is too far away', async () => {
      await using my = box('')
      my.executor.open = async () => ({
        read: async (_offset, length) => ({ bytes: new Uint8Array(length), eof: false }),
        write: () => Promise.reject(new Error('unused')),
        close: () => Promise.resolve(),
      })
      my.executor.files.set('/srv/app/f', Buffer.from('x'))
      expect((await my.read({ start_line: 2 })).first).toBe(
        '[invalid_input] Cannot read "/srv/app/f" on "box": line 2 is not in the first 256 MiB: give offset and limit in bytes',
      )
    })
  })

  describe('of what is not text', () => {
    it.each([
      ['PNG', PNG, 'image/png'],
      ['JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1]), 'image/jpeg'],
      ['GIF', Buffer.from('GIF89a..'), 'image/gif'],
      ['WebP', Buffer.from('RIFF\x01\x02\x03\x04WEBPVP8 ', 'latin1'), 'image/webp'],
    ])('gives a %s as an image', async (_, bytes, mimeType) => {
      await using my = box(bytes)
      const { content, second } = await my.read()
      expect(content[0]).toEqual({ type: 'image', data: bytes.toString('base64'), mimeType })
      expect(second).toBe(`[/srv/app/f: ${mimeType}, ${bytes.length} bytes]`)
    })

    it('gives a large image whole, but not one of more than 5 MB', async () => {
      const large = Buffer.concat([PNG, Buffer.alloc(5 * 1024 * 1024 - PNG.length)])
      await using my = box(large)
      expect((await my.read()).content[0]).toMatchObject({ type: 'image', data: large.toString('base64') })
      await using other = box(Buffer.concat([large, Buffer.alloc(1)]))
      expect((await other.read()).first).toMatch(
        /^\/srv\/app\/f: image\/png, 5,242,881 bytes, more than the 5 MB that are shown as an image\nFirst 64 bytes: 89 50 4e 47 /,
      )
    })

    it('does not make an image of a window', async () => {
      await using my = box(PNG)
      expect((await my.read({ offset: 0, limit: 8 })).content[0]!.type).toBe('text')
    })

    it('says what it is, its size, its first bytes and how to get it', async () => {
      await using my = box(Buffer.concat([Buffer.from('\x7fELF\x02\x01', 'latin1'), Buffer.alloc(1000)]))
      const { first, isError } = await my.read()
      const [what, bytes, how] = first.split('\n')
      expect(what).toBe('/srv/app/f: ELF program or library, 1,006 bytes, not text')
      expect(bytes).toBe(`First 64 bytes: 7f 45 4c 46 02 01${' 00'.repeat(58)}`)
      expect(how).toMatch(/copy_path.*shell/)
      expect(isError).toBe(false)
    })

    it('judges the window asked for, not the file', async () => {
      await using my = box(Buffer.concat([Buffer.from('a header\n'), Buffer.alloc(1000)]))
      expect((await my.read({ offset: 0, limit: 9 })).first).toBe('a header\n')
      expect((await my.read({ offset: 9, limit: 9 })).first).toMatch(
        /binary data.*\nFirst 9 bytes from offset 9: 00 /,
      )
    })

    it('shows a few wrong bytes in a text as what they are', async () => {
      await using my = box(Buffer.from("caf\xe9 au lait, s'il vous plait", 'latin1'))
      expect((await my.read()).first).toBe("caf\\xe9 au lait, s'il vous plait")
    })

    it('does not take a window that cuts characters for binary', async () => {
      await using my = box('日本')
      expect((await my.read({ offset: 1, limit: 4 })).first).toBe('\\x97\\xa5')
    })
  })

  describe('that fails', () => {
    it('says that there is no such file', async () => {
      await using my = box('')
      const { first, isError } = await my.read({ path: 'no/such' })
      expect(first).toBe('[not_found] Cannot read "/srv/app/no/such" on "box": no such file')
      expect(isError).toBe(true)
    })

    it('says how to list a directory', async () => {
      await using my = box('')
      expect((await my.read({ path: '.' })).first).toBe(
        '[conflict] Cannot read "/srv/app" on "box": it is a directory; shell {"command":["ls","-la","/srv/app"]} lists it',
      )
    })

    it.each([
      [{ path: '' }, 'path is missing, such as {"path":"src/main.c"}'],
      [{ path: 'a\0b' }, 'The path holds a NUL character: leave it out'],
      [{ offset: -1 }, 'offset must be a whole number of at least 0, such as {"offset":1}'],
      [{ start_line: 0 }, 'start_line must be a whole number of at least 1, such as {"start_line":1}'],
    ])('refuses %j', async (args, message) => {
      await using my = box('')
      expect((await my.read(args)).first).toBe(`[invalid_input] ${message}`)
    })
  })

  it('names the environment when there are several', async () => {
    const clock = new ManualClock()
    const executor = new ScriptedExecutor(clock)
    executor.files.set('/srv/app/f', Buffer.from('abcdef'))
    await using tools = toolsOver({ box: executor, gpu: executor }, { clock })
    const { content } = await tools.call('read_file', { path: 'f', limit: 3, environment_id: 'gpu' })
    expect(textOf(content[1]!)).toBe(
      '[/srv/app/f on gpu: bytes 0 to 3 of 6: read_file {"environment_id":"gpu","path":"f","offset":3} reads on]',
    )
  })
})
