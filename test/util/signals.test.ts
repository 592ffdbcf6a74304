import { getEventListeners } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { BridgeError } from '../../src/util/errors.ts'
import { callScope, graceScope, reasonOf, throwIfAborted, waitFor } from '../../src/util/signals.ts'

const gone = new BridgeError('canceled', 'The caller went away')

describe('callScope', () => {
  it('follows the signal of the caller, with its reason', () => {
    const caller = new AbortController()
    using scope = callScope({ signal: caller.signal })
    caller.abort(gone)
    expect(reasonOf(scope.signal)).toBe(gone)
  })

  it('is aborted from the start when the caller already is', () => {
    using scope = callScope({ signal: AbortSignal.abort(gone) })
    expect(scope.signal.reason).toBe(gone)
  })

  it('ends with deadline when its time is over', () => {
    vi.useFakeTimers()
    try {
      using scope = callScope({ timeoutMs: 50 }, 'initialize')
      vi.advanceTimersByTime(50)
      expect(reasonOf(scope.signal)).toMatchObject({
        code: 'deadline',
        message: 'initialize took longer than 50 ms',
      })
    } finally {
      vi.useRealTimers()
    }
  })

  it('leaves no listener behind when it is disposed', () => {
    const caller = new AbortController()
    {
      using _scope = callScope({ signal: caller.signal, timeoutMs: 1000 })
      expect(getEventListeners(caller.signal, 'abort')).toHaveLength(1)
    }
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
  })
})

describe('graceScope', () => {
  it('ends so long after the caller, for the same reason; not before, and not once it is disposed', () => {
    vi.useFakeTimers()
    try {
      const caller = new AbortController()
      using scope = graceScope({ signal: caller.signal }, 50)
      const disposed = graceScope({ signal: caller.signal }, 50)
      using late = graceScope({ signal: AbortSignal.abort(gone) }, 50)
      vi.advanceTimersByTime(1_000_000)
      expect([scope.signal.aborted, late.signal.aborted]).toEqual([false, true])
      caller.abort(gone)
      vi.advanceTimersByTime(49)
      expect(scope.signal.aborted).toBe(false)
      disposed[Symbol.dispose]()
      vi.advanceTimersByTime(1)
      expect(reasonOf(scope.signal)).toBe(gone)
      expect(disposed.signal.aborted).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })

  it('leaves no listener behind when it is disposed', () => {
    const caller = new AbortController()
    graceScope({ signal: caller.signal }, 50)[Symbol.dispose]()
    expect(getEventListeners(caller.signal, 'abort')).toEqual([])
  })
})

describe('waitFor', () => {
  it('gives the result of the work', async () => {
    await expect(waitFor(Promise.resolve(7), new AbortController().signal)).resolves.toBe(7)
  })

  it('gives up with the reason of the signal, and leaves no listener behind', async () => {
    const caller = new AbortController()
    const wait = waitFor(new Promise(() => {}), caller.signal)
    caller.abort(gone)
    await expect(wait).rejects.toBe(gone)
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0)
  })
})

describe('throwIfAborted', () => {
  it('throws the reason, and only when aborted', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow()
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow()
    expect(() => throwIfAborted(AbortSignal.abort(gone))).toThrow(gone)
  })
})
