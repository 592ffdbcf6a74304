import {
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../../src/util/errors.ts'
import { FULL, LOST, patchMachine, STOCK, update } from '../../support/patch-machine.ts'

describe('ExecutorFiles, where files can be renamed', () => {
  it('replaces a file at once, with its mode, and leaves nothing beside', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n', 0o750)
    const { ino } = statSync(my.path('a'))
    await my.apply(update('a', '-1', '+2'))
    expect(my.executor.log).toEqual(['read a', 'copy a *', 'write *', 'rename * a'])
    expect(statSync(my.path('a')).ino).not.toBe(ino)
    expect(statSync(my.path('a')).mode & 0o777).toBe(0o750)
    expect(readdirSync(my.path('.'))).toEqual(['a'])
  })

  it('writes in place what has a second name, or is reached through a link', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n')
    linkSync(my.path('a'), my.path('b'))
    my.put('c', '1\n')
    symlinkSync('c', my.path('d'))
    await my.apply([update('a', '-1', '+2'), update('d', '-1', '+2')].join('\n'))
    expect(['a', 'b', 'c', 'd'].map(my.text)).toEqual(['2\n', '2\n', '2\n', '2\n'])
    expect(my.executor.log.filter((step) => step.startsWith('write')).sort()).toEqual(['write a', 'write d'])
  })

  it('leaves the old file when the new one cannot be written', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n')
    my.executor.fail = (step) => (step === 'write *' ? { error: FULL, isDone: true } : undefined)
    const { text } = await my.apply(update('a', '-1', '+2'))
    expect(text).toContain(`M a: error: Failed to write file ${my.path('a')}: no space left on device`)
    expect(my.text('a')).toBe('1\n')
    expect(readdirSync(my.path('.'))).toEqual(['a'])
  })

  it('writes in place where nothing can be made beside', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n')
    my.executor.fail = (step) =>
      step.startsWith('copy') ? { error: new BridgeError('denied', 'no'), isDone: false } : undefined
    expect((await my.apply(update('a', '-1', '+2'))).text).toContain('M a: ok')
    expect(my.text('a')).toBe('2\n')
  })

  it('knows that a rename was done whose answer was lost', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n')
    my.executor.fail = (step) => (step.startsWith('rename') ? { error: LOST, isDone: true } : undefined)
    expect((await my.apply(update('a', '-1', '+2'))).text).toContain('M a: ok')
    expect(my.text('a')).toBe('2\n')
  })

  it('moves by a file beside, so that the new name never shows the old text', async () => {
    await using my = await patchMachine()
    my.put('a', '1\n', 0o750)
    await my.apply('*** Update File: a\n*** Move to: b\n@@\n-1\n+2')
    expect(my.executor.log).toEqual(['read a', 'copy a *', 'write *', 'rename * b', 'remove a'])
    expect(my.text('b')).toBe('2\n')
    expect(statSync(my.path('b')).mode & 0o777).toBe(0o750)
    expect(readdirSync(my.path('.'))).toEqual(['b'])
  })

  it('renames what has no hunks, whatever it holds', async () => {
    await using my = await patchMachine()
    const bytes = Uint8Array.from([0xff, 0x0a, 0x61])
    my.put('a', bytes, 0o700)
    expect((await my.apply('*** Update File: a\n*** Move to: d/b')).text).toContain('M a → d/b: ok')
    expect(readFileSync(my.path('d/b'))).toEqual(Buffer.from(bytes))
    expect(statSync(my.path('d/b')).mode & 0o777).toBe(0o700)
    expect(my.executor.log).toEqual(['rename a b', 'rename a b'])
  })
})

describe('ExecutorFiles over a stock executor', () => {
  it('writes in place, which keeps the mode', async () => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1\n', 0o751)
    await my.apply(update('a', '-1', '+2'))
    expect(my.executor.log).toEqual(['read a', 'write a'])
    expect(statSync(my.path('a')).mode & 0o777).toBe(0o751)
  })

  it('moves by a copy, which keeps the mode, then the write, then the removal; a link at the source is resolved', async () => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1\n', 0o751)
    symlinkSync('a', my.path('link'))
    const { text } = await my.apply(update('link', '-1', '+2').replace('@@', '*** Move to: b\n@@'))
    expect(text).toContain('M link → b: ok')
    expect(my.executor.log).toEqual(['read link', 'copy a b', 'write b', 'remove link'])
    expect(statSync(my.path('b')).mode & 0o777).toBe(0o751)
    expect([my.text('a'), my.text('b'), existsSync(my.path('link'))]).toEqual(['1\n', '2\n', false])
  })

  it('renames by a copy', async () => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1', 0o751)
    expect((await my.apply('*** Update File: a\n*** Move to: d/b')).text).toContain('M a → d/b: ok')
    expect([my.text('d/b'), existsSync(my.path('a'))]).toEqual(['1', false])
  })

  it.each([
    ['a', update('a', '-1', '+2').replace('@@', '*** Move to: ./a\n@@')],
    ['a', '*** Update File: a\n*** Move to: l/a'],
  ])('never deletes a file that is moved to itself', async (name, sections) => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1\n')
    symlinkSync('.', my.path('l'))
    expect((await my.apply(sections)).isError).toBe(false)
    expect(my.text(name)).toMatch(/^[12]\n$/)
  })

  it('looks whether it was written when the answer is lost', async () => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1\n')
    my.executor.fail = (step) => (step.startsWith('write') ? { error: LOST, isDone: true } : undefined)
    expect((await my.apply(update('a', '-1', '+2'))).text).toContain('M a: ok')
    my.executor.fail = (step) => (step.startsWith('write') ? { error: LOST, isDone: false } : undefined)
    expect((await my.apply(update('a', '-2', '+3'))).text).toContain(
      `M a: error: Failed to write file ${my.path('a')}: the connection ended; nothing was changed`,
    )
    expect(my.text('a')).toBe('2\n')
  })

  it('puts back what was half-written, and removes what is new', async () => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1\n')
    let writes = 0
    my.executor.fail = (step) => {
      if (!step.startsWith('write') || ++writes > 2) return undefined
      writeFileSync(my.path(step.slice('write '.length)), 'half')
      return { error: FULL, isDone: false }
    }
    const { text } = await my.apply(`${update('a', '-1', '+2')}\n*** Add File: n\n+new`)
    expect(text).toContain('no space left on device; its old text was put back')
    expect(text).toContain('no space left on device; what there was of it was removed')
    expect(my.text('a')).toBe('1\n')
    expect(existsSync(my.path('n'))).toBe(false)
  })

  it('says what is not known when the machine does not come back', async () => {
    await using my = await patchMachine(STOCK)
    my.put('a', '1\n')
    my.executor.fail = () =>
      my.executor.log.some((one) => one.startsWith('write')) ? { error: LOST, isDone: false } : undefined
    const { text } = await my.apply([update('a', '-1', '+2'), update('a', '-2', '+3')].join('\n'))
    expect(text).toContain(
      'the connection ended; whether it was written is not known: read it before you repeat this',
    )
    expect(text).toContain('0 of 2 sections applied')
  })
})
