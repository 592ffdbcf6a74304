import { describe, expect, it } from 'vitest'
import { memoryPair } from '../../src/rpc/memory.ts'
import { Recorder } from '../support/recorder.ts'

describe('memoryPair', () => {
  it('brings what one end sends to the other, in order, a tick later', async () => {
    const [a, b] = memoryPair()
    const [atA, atB] = [new Recorder(a), new Recorder(b)]
    a.send(Buffer.from('1'))
    a.send(Buffer.from('2'))
    b.send(Buffer.from('3'))
    expect(atB.texts).toEqual([])
    await Promise.resolve()
    expect(atB.texts).toEqual(['1', '2'])
    expect(atA.texts).toEqual(['3'])
  })

  it('delivers first what came before the start', async () => {
    const [a, b] = memoryPair()
    new Recorder(a)
    a.send(Buffer.from('early'))
    await Promise.resolve()
    expect(new Recorder(b).texts).toEqual(['early'])
  })

  it('tells both ends once that it is over, with the first reason, after what was sent', async () => {
    const [a, b] = memoryPair()
    const [atA, atB] = [new Recorder(a), new Recorder(b)]
    a.send(Buffer.from('last'))
    a.close(new Error('first'))
    a.close(new Error('second'))
    await atA.closed
    await atB.closed
    expect(atA.reasons).toEqual(['first'])
    expect(atB.reasons).toEqual(['first'])
    expect(atB.texts).toEqual(['last'])
  })

  it('drops what is sent after the end', async () => {
    const [a, b] = memoryPair()
    const [, atB] = [new Recorder(a), new Recorder(b)]
    a.close(new Error('over'))
    a.send(Buffer.from('late'))
    b.send(Buffer.from('late'))
    await atB.closed
    expect(atB.texts).toEqual([])
    await a.drained()
  })

  it('tells an end that starts late', async () => {
    const [a, b] = memoryPair()
    new Recorder(a)
    a.close(new Error('over'))
    await new Promise(setImmediate)
    expect(new Recorder(b).reasons).toEqual(['over'])
  })
})
