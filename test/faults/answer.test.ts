import { describe, expect, it } from 'vitest'
import { isDoubtful, parseProcessAnswer } from './answer.ts'

const parse = (text: string) => parseProcessAnswer({ texts: [text], isError: false })

describe('parseProcessAnswer', () => {
  it('reads how a process ended and what it wrote', () => {
    expect(parse('Process exited with code 3\nWall time: 0.41 seconds\nOutput:\nOutput:\nb\n')).toEqual({
      kind: 'exited',
      exitCode: 3,
      output: { text: 'Output:\nb\n', hasNotes: false },
    })
  })

  it('reads the session of a process that runs, and leaves notes out of its output', () => {
    const text =
      'Environment: a\nProcess running with session ID a/x\nWall time: 0.30 seconds\nOutput:\na\n[it runs on]\n'
    expect(parse(text)).toEqual({
      kind: 'running',
      sessionId: 'a/x',
      output: { text: 'a\n', hasNotes: true },
    })
  })

  it('reads notes that stand alone, and no others', () => {
    const head = 'Process exited with code -1\nWall time: 0.30 seconds\nOutput:\n'
    expect(parse(`${head}[one]\n[two]\n`)).toMatchObject({
      exitCode: -1,
      output: { text: '', hasNotes: true },
    })
    expect(parse(`${head}x [one]\n`)).toMatchObject({ output: { text: 'x [one]\n', hasNotes: false } })
  })

  it('reads the last output of a process that is lost', () => {
    const head =
      'Environment: a\n[process_lost] Session "a/x" can no longer be reached: gone\nWall time: 0.10 seconds\n'
    expect(parse(`${head}Output:\na\n`)).toMatchObject({ kind: 'lost', output: { text: 'a\n' } })
  })

  it('takes everything else as a failure', () => {
    const text = '[unavailable] Cannot connect to "a"'
    expect(parse(text)).toEqual({ kind: 'failed', text })
  })
})

describe('isDoubtful', () => {
  it.each([
    ['unknown: it may have been carried out', true],
    ['how much of the input was written is not known', true],
    ['whether it was started is not known', true],
    ['nothing was done', false],
    ['Cannot start "sh": no such file', false],
  ])('knows whether "%s" leaves it open', (text, isOpen) => {
    expect(isDoubtful(text)).toBe(isOpen)
  })
})
