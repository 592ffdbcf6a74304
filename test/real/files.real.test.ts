import { mkdir, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CODEX_VERSIONS, type CodexVersion } from './support/codex.ts'
import { useMachines } from './support/machines.ts'

const machines = useMachines()

/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==',
  'base64',
)

/** From 0.143 on. */
const WANTS_URIS: readonly CodexVersion[] = ['0.169.0', '0.150.1']

/** Characters that a URI, a shell or a line would take for something else. */
const ODD_NAMES = [
  'a b',
  '%41%2F',
  'q?x#y',
  '\'"$(x)`',
  'li\nne',
  'größe 日本 🙂',
  '-n',
  'back\\slash',
  '&;|<>*',
]

describe.each(CODEX_VERSIONS)('files on codex exec-server %s', (version) => {
  it('are read as text', async () => {
    const box = machines.machine(version)
    await writeFile(join(box.cwd, 'short.txt'), 'grün\nblau\n')
    const { text, isError } = await box.call('read_file', { path: 'short.txt' })
    expect(text).toContain('grün\nblau\n')
    expect(isError).toBe(false)
  })

  it('are read as windows, however large they are', async () => {
    const box = machines.machine(version)
    await using file = await open(join(box.cwd, 'large'), 'w')
    await file.truncate(4_000_000_000)
    await file.write('here it is', 3_000_000_000)
    const { text } = await box.call('read_file', { path: 'large', offset: 3_000_000_000, limit: 10 })
    expect(text).toContain('here it is')
  })

  it('are read by lines', async () => {
    const box = machines.machine(version)
    const lines = Array.from({ length: 50_000 }, (_, at) => `line ${at + 1}\n`)
    await writeFile(join(box.cwd, 'lines'), lines.join(''))
    const { text } = await box.call('read_file', { path: 'lines', start_line: 40_000, line_count: 3 })
    expect(text.match(/^line \d+$/gm)).toEqual(['line 40000', 'line 40001', 'line 40002'])
  })

  it('are shown when they are images, and described when they are other bytes', async () => {
    const box = machines.machine(version)
    await writeFile(join(box.cwd, 'dot.png'), PNG)
    await writeFile(join(box.cwd, 'bytes'), Buffer.from([0, 1, 2, 0xfe, 0xff]))
    const image = await box.call('read_file', { path: 'dot.png' })
    const bytes = await box.call('read_file', { path: 'bytes' })
    expect(image.images).toMatchObject([{ data: PNG.toString('base64'), mimeType: 'image/png' }])
    expect(bytes.text).toMatch(/00 ?01 ?02 ?fe ?ff/i)
  })

  it('that are missing, or directories, are errors', async () => {
    const box = machines.machine(version)
    const missing = await box.call('read_file', { path: '/no/such/file' })
    const folder = await box.call('read_file', { path: box.cwd })
    expect(missing).toMatchObject({
      isError: true,
      text: expect.stringMatching(/^\[not_found\] .*\/no\/such\/file/),
    })
    expect(folder).toMatchObject({ isError: true, text: expect.stringMatching(/directory/) })
  })

  it.for(ODD_NAMES)('are found by the name %j', async (name) => {
    const box = machines.machine(version)
    const path = join(box.home, name)
    await writeFile(path, `I am ${name}`)
    for (const spelling of [path, `~/${name}`]) {
      const { text } = await box.call('read_file', { path: spelling })
      expect(text).toContain(`I am ${name}`)
    }
  })

  it('may have names of any bytes where paths are URIs, and are refused elsewhere', async () => {
    const box = machines.machine(version)
    await writeFile(Buffer.concat([Buffer.from(`${box.cwd}/any`), Buffer.of(0xff)]), 'any bytes')
    const { text, isError } = await box.call('read_file', { path: 'any\udcff' })
    if (WANTS_URIS.includes(version)) expect(text).toContain('any bytes')
    else
      expect({ text, isError }).toEqual({
        isError: true,
        text: expect.stringMatching(/^\[invalid_input\] .*UTF-8/),
      })
  })

  it('are added, changed, moved and deleted by a patch', async () => {
    const box = machines.machine(version)
    const root = join(box.cwd, 'patched folder')
    await mkdir(root)
    await writeFile(join(root, 'old.txt'), 'one\ntwo\nthree\n')
    await writeFile(join(root, 'moving.txt'), 'stay\ngo\n')
    await writeFile(join(root, 'gone.txt'), 'x\n')
    const patch = `*** Begin Patch
*** Add File: patched folder/deep/er/new.txt
+neu
*** Update File: patched folder/old.txt
@@
 one
-two
+zwei
 three
*** Update File: patched folder/moving.txt
*** Move to: patched folder/moved.txt
@@
 stay
-go
+gone
*** Update File: patched folder/missing.txt
@@
-a
+b
*** Delete File: patched folder/gone.txt
*** End Patch`
    const { text, isError } = await box.call('apply_patch', { patch })
    expect(isError).toBe(true)
    expect(text.match(/^[AMD] .*$/gm)).toEqual([
      'A patched folder/deep/er/new.txt: ok',
      'M patched folder/old.txt: ok',
      'M patched folder/moving.txt → patched folder/moved.txt: ok',
      expect.stringMatching(/^M patched folder\/missing\.txt: error: /),
      'D patched folder/gone.txt: ok',
    ])
    const textOf = (name: string) => readFile(join(root, name), 'utf8')
    expect(await textOf('deep/er/new.txt')).toBe('neu\n')
    expect(await textOf('old.txt')).toBe('one\nzwei\nthree\n')
    expect(await textOf('moved.txt')).toBe('stay\ngone\n')
    await expect(textOf('moving.txt')).rejects.toThrow('ENOENT')
    await expect(textOf('gone.txt')).rejects.toThrow('ENOENT')
  })
})
