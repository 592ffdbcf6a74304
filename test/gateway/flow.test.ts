import { describe, expect, it } from 'vitest'
import { Flow } from '../../src/gateway/flow.ts'
import { deferred } from '../../src/util/deferred.ts'
import { settled } from '../support/manual-clock.ts'

function rig(always?: Promise<void>, holdForTurn?: () => Disposable) {
  let drain = deferred<void>()
  let held = 0
  let holds = 0
  const flow = new Flow({
    stepBytes: 10,
    hold() {
      held++
      holds++
      return { [Symbol.dispose]: () => void held-- }
    },
    ...(holdForTurn ? { holdForTurn } : {}),
    drained: () => always ?? drain.promise,
  })
  const drained = async () => {
    drain.resolve()
    drain = deferred()
    await settled()
  }
  return { flow, drained, held: () => held, holds: () => holds }
}

describe('Flow', () => {
  it('lets a step pass, then holds the source until the sink has drained', async () => {
    const { flow, drained, held } = rig()
    flow.passed(9)
    expect(held()).toBe(0)
    flow.passed(1)
    expect(held()).toBe(1)
    await drained()
    expect(held()).toBe(0)
    flow.passed(9)
    expect(held()).toBe(0)
  })

  it('lets the others have a turn when the sink has room at once', async () => {
    const { flow, held } = rig(Promise.resolve())
    flow.passed(10)
    await Promise.resolve()
    await Promise.resolve()
    expect(held()).toBe(1)
    await new Promise(setImmediate)
    await settled()
    expect(held()).toBe(0)
  })

  it('holds for the turn of the others only where that is another hold', async () => {
    let paused = 0
    const { flow, drained, held } = rig(undefined, () => {
      paused++
      return { [Symbol.dispose]: () => void paused-- }
    })
    flow.passed(10)
    expect([held(), paused]).toEqual([1, 1])
    await new Promise(setImmediate)
    await settled()
    expect([held(), paused]).toEqual([1, 0])
    await drained()
    expect([held(), paused]).toEqual([0, 0])
  })

  it('holds once, whatever is still under way', async () => {
    const { flow, drained, held, holds } = rig()
    for (let n = 0; n < 5; n++) flow.passed(10)
    expect([held(), holds()]).toEqual([1, 1])
    await drained()
    expect(held()).toBe(0)
  })
})
