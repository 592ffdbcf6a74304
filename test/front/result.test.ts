import { describe, expect, it } from 'vitest'
import { inWords } from '../../src/front/result.ts'
import { BridgeError } from '../../src/util/errors.ts'
import { type Logger, silentLogger } from '../../src/util/log.ts'

async function wordsOf(reason: unknown) {
  const logged: [fields: Record<string, unknown>, message: string][] = []
  const logger: Logger = { ...silentLogger, error: (fields, message) => logged.push([fields, message]) }
  const work = () => Promise.reject(reason)
  const words = await inWords<string>({ what: '"shell"', work, say: (text) => text, logger })
  return { words, logged }
}

describe('inWords', () => {
  it('gives what the work gives', async () => {
    const work = async () => 'done'
    expect(await inWords({ what: '"shell"', work, say: () => 'failed', logger: silentLogger })).toBe('done')
  })

  it('tells an error of ours with its code, and logs nothing', async () => {
    const { words, logged } = await wordsOf(new BridgeError('denied', 'Cannot write "/etc/x": no permission'))
    expect(words).toBe('[denied] Cannot write "/etc/x": no permission')
    expect(logged).toEqual([])
  })

  it('tells a bug under a short id that is in the log with the stack', async () => {
    const { words, logged } = await wordsOf(new TypeError('x is not a function'))
    const incident =
      /^\[internal\] Cannot finish "shell": x is not a function \(in the log as (\w{6})\)$/.exec(words)
    expect(incident).not.toBeNull()
    expect(logged).toHaveLength(1)
    expect(logged[0]).toEqual([
      { incident: incident![1], what: '"shell"', stack: expect.stringContaining('result.test.ts') },
      'unexpected error',
    ])
  })

  it.each(['a text', undefined, { odd: true }])('tells a thrown %j', async (reason) => {
    const { words } = await wordsOf(reason)
    expect(words).toMatch(/^\[internal\] Cannot finish "shell": /)
  })

  it('cuts the message of a bug', async () => {
    const { words } = await wordsOf(new Error('y'.repeat(10_000)))
    expect(words.length).toBeLessThan(500)
  })
})
