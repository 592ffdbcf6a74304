import { describe, expect, it } from 'vitest'
import { GATEWAY_LIMITS } from '../../src/gateway/limits.ts'
import { holdPatiently } from '../../src/gateway/patience.ts'
import { ManualClock } from '../support/manual-clock.ts'

const { patienceMs, patienceBytes } = GATEWAY_LIMITS

function rig() {
  const clock = new ManualClock()
  const state = { isHeld: true, isOutpaced: false, isShared: true, queuedBytes: 10 * patienceBytes }
  const hold = {
    [Symbol.dispose]() {
      state.isHeld = false
    },
  }
  const bridge = {
    get queuedBytes() {
      return state.queuedBytes
    },
    othersWait: () => state.isShared,
    outpaced() {
      state.isOutpaced = true
    },
  }
  return { clock, state, patient: holdPatiently(hold, bridge, clock, GATEWAY_LIMITS) }
}

describe('holdPatiently', () => {
  it('holds on for a bridge that reads at a fair pace', async () => {
    const { clock, state } = rig()
    for (let n = 0; n < 9; n++) {
      state.queuedBytes -= patienceBytes
      await clock.advance(patienceMs)
    }
    expect(state.isHeld).toBe(true)
  })

  it('gives up one that does not read while others wait', async () => {
    const { clock, state } = rig()
    await clock.advance(patienceMs - 1)
    expect(state.isHeld).toBe(true)
    await clock.advance(1)
    expect(state).toMatchObject({ isHeld: false, isOutpaced: true })
    expect(clock.pending).toBe(0)
  })

  it('holds for as long as it takes where nobody else waits, and no longer once somebody does', async () => {
    const { clock, state } = rig()
    state.isShared = false
    await clock.advance(60_000)
    expect(state.isHeld).toBe(true)
    state.isShared = true
    await clock.advance(patienceMs)
    expect(state.isHeld).toBe(false)
  })

  it('lets go when it is disposed, and looks no more', () => {
    const { clock, state, patient } = rig()
    patient[Symbol.dispose]()
    expect(state).toMatchObject({ isHeld: false, isOutpaced: false })
    expect(clock.pending).toBe(0)
  })
})
