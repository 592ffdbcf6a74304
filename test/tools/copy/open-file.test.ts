import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { OpenFile } from '../../../src/protocol/executor.ts'
import { openFile } from '../../../src/tools/copy/open-file.ts'
import { type Deferred, deferred } from '../../../src/util/deferred.ts'
import { BridgeError } from '../../../src/util/errors.ts'
import { type CallOptions, waitFor } from '../../../src/util/signals.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { ScriptedExecutor } from '../../support/scripted-executor.ts'

const gone = new BridgeError('canceled', 'The caller went away')

const FILE: OpenFile = {
  read: async () => ({ bytes: Buffer.alloc(0), eof: true }),
  write: async () => {},
  close: async () => {},
}

/** A machine that answers when it is told to. */
class AwayExecutor extends ScriptedExecutor {
  readonly answer: Deferred<OpenFile> = deferred<OpenFile>()
  override open(_path: string, _mode?: string, { signal }: CallOptions = {}): Promise<OpenFile> {
    return waitFor(this.answer.promise, signal)
  }
}

describe('openFile', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  // It gave up after 10 s, while the machine was away for 17 s and everything else waited for it.
  it('waits for a machine that is away for as long as the copy does', async () => {
    const executor = new AwayExecutor(new ManualClock())
    const opened = openFile(executor, '/f', 'read', { signal: new AbortController().signal })
    await vi.advanceTimersByTimeAsync(100_000)
    executor.answer.resolve(FILE)
    expect(await opened).toBe(FILE)
  })

  it('gives up 10 s after the copy was given up', async () => {
    const executor = new AwayExecutor(new ManualClock())
    const caller = new AbortController()
    let error: unknown
    void openFile(executor, '/f', 'read', { signal: caller.signal }).catch((reason: unknown) => {
      error = reason
    })
    caller.abort(gone)
    await vi.advanceTimersByTimeAsync(9999)
    expect(error).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(error).toBe(gone)
  })

  it('closes what was opened after all', async () => {
    const executor = new AwayExecutor(new ManualClock())
    const caller = new AbortController()
    const opened = openFile(executor, '/f', 'read', { signal: caller.signal })
    caller.abort(gone)
    const close = vi.fn(async () => {})
    executor.answer.resolve({ ...FILE, close })
    await expect(opened).rejects.toBe(gone)
    expect(close).toHaveBeenCalledOnce()
  })
})
