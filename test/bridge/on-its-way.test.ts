import { describe, expect, it } from 'vitest'
import { onItsWay } from '../../src/bridge/on-its-way.ts'

const MIB = 1024 * 1024

/** A line on which much or little has been sent when a call leaves. */
function line(sentBytes: number) {
  return { receivedBytes: 0, sentBytes, arrivedBytes: 0, queuedBytes: 0, isAnswered: true, ping: () => {} }
}

describe('onItsWay', () => {
  it('gives a call its time anew as long as what it is behind arrives, and once more when it has arrived itself', () => {
    const pulse = line(8 * MIB)
    const goesOn = onItsWay(pulse, { method: 'process/start', sentBytes: 8 * MIB })
    const arrivals = [3 * MIB, 6 * MIB, 8 * MIB, 8 * MIB]
    const outcomes = arrivals.map((arrivedBytes) => {
      pulse.arrivedBytes = arrivedBytes
      return goesOn()
    })
    expect(outcomes).toEqual([true, true, true, false])
  })

  it('gives no more to a call behind what does not arrive', () => {
    expect(onItsWay(line(8 * MIB), { method: 'process/start', sentBytes: 8 * MIB })()).toBe(false)
  })

  it('gives no more to a call that had the line to itself: then it is the executor that is slow', () => {
    const pulse = line(300)
    const goesOn = onItsWay(pulse, { method: 'process/start', sentBytes: 300 })
    pulse.arrivedBytes = 300
    expect(goesOn()).toBe(false)
  })

  it('gives no more to a call that has not left', () => {
    const pulse = line(8 * MIB)
    const goesOn = onItsWay(pulse, { method: 'process/start' })
    pulse.arrivedBytes = MIB
    expect(goesOn()).toBe(false)
  })

  it.each([
    ['fs/readBlock', true],
    ['fs/readFile', true],
    ['fs/getMetadata', false],
  ] as const)('while much comes gives more to %s: %s', (method, isLarge) => {
    const pulse = line(300)
    const goesOn = onItsWay(pulse, { method, sentBytes: 300 })
    pulse.receivedBytes += MIB
    expect(goesOn()).toBe(isLarge)
    expect(goesOn()).toBe(false)
  })

  it('gives more ten times in all while much comes, since that may be something else', () => {
    const pulse = line(300)
    const goesOn = onItsWay(pulse, { method: 'fs/readBlock', sentBytes: 300 })
    const outcomes = Array.from({ length: 12 }, () => {
      pulse.receivedBytes += MIB
      return goesOn()
    })
    expect(outcomes.filter(Boolean)).toHaveLength(9)
  })
})
