import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { killTree, signalTree } from '../../src/executor/kill-tree.ts'

/** A process without a group of its own, as one is that was forked this moment. */
function startInOurGroup() {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  return { pid: child.pid!, ended: once(child, 'close') }
}

describe.skipIf(process.platform === 'win32')('killTree', () => {
  it('ends a process whose group is not there yet', async () => {
    const { pid, ended } = startInOurGroup()
    killTree({ pid, isRunning: true })
    expect(await ended).toEqual([null, 'SIGKILL'])
  })

  it('leaves the number alone when its process is over: it may be that of another', async () => {
    const { pid, ended } = startInOurGroup()
    killTree({ pid, isRunning: false })
    signalTree({ pid, isRunning: true }, 'SIGTERM')
    expect(await ended).toEqual([null, 'SIGTERM'])
  })
})
