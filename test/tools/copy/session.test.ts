import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readOutputTool } from '../../../src/tools/read-output.ts'
import { terminateTool } from '../../../src/tools/terminate.ts'
import { deferred } from '../../../src/util/deferred.ts'
import { BridgeError } from '../../../src/util/errors.ts'
import { waitFor } from '../../../src/util/signals.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { TwoMachines } from '../../support/two-machines.ts'

const MIB = 1024 * 1024
const file = { source_path: 'f', destination_path: 'g' }

/** A copy that has sent 4 MiB of 6, and waits there until it is let on. */
class HeldCopy implements AsyncDisposable {
  readonly clock = new ManualClock()
  readonly reached = deferred<void>()
  readonly gate = deferred<void>()
  #sent = 0
  readonly at = new TwoMachines(
    {
      b: {
        writeBlock: async (bytes, options) => {
          this.#sent += bytes.byteLength
          if (this.#sent < 4 * MIB) return
          this.reached.resolve()
          await waitFor(this.gate.promise, options?.signal)
        },
      },
    },
    this.clock,
  )

  constructor() {
    writeFileSync(this.at.path('a/f'), Buffer.alloc(6 * MIB, 'x'))
  }

  /** Begins it, lets the wait of the call pass, and gives the answer of the call. */
  async outwait(ms: number, args: object = {}): Promise<string> {
    const copy = this.at.copy({ ...file, ...args })
    await this.reached.promise
    await this.clock.advance(ms)
    return copy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.at[Symbol.asyncDispose]()
  }
}

const idOf = (text: string) => /session ID (\S+)/.exec(text)?.[1] ?? text

describe('copy_path that takes longer than its call', () => {
  it.each([
    ['280 s', 280_000, {}],
    ['timeout_ms, when that is shorter', 5000, { timeout_ms: 5000 }],
  ])('goes on as a session after %s', async (_, ms, args) => {
    await using held = new HeldCopy()
    const text = await held.outwait(ms, args)
    expect(text).toMatch(
      /^Copy running with session ID b\/\w+\nSo far: \d\.\d of 6\.3 MB, .* left\n\[read_output /,
    )
    held.gate.resolve()
    const answer = await held.at.call(readOutputTool, { session_id: idOf(text), wait_for: 'exit' })
    expect(answer).toMatch(/^Environment: b\nProcess exited with code 0\n/)
    expect(answer).toMatch(/Copied 1 file, 6,291,456 bytes,.*\(the same at both ends\)/s)
    expect(readFileSync(held.at.path('b/g')).length).toBe(6 * MIB)
  })

  it('ends with terminate, and keeps what has arrived', async () => {
    await using held = new HeldCopy()
    const text = await held.outwait(280_000)
    const answer = await held.at.call(terminateTool, { session_id: idOf(text) })
    expect(answer).toContain('It ended after an interrupt (INT)')
    expect(answer).toMatch(
      /\[canceled\] Cannot copy .*: The copy was ended; what has arrived is kept in ".*"/,
    )
    expect(readdirSync(held.at.path('b'))).toEqual([expect.stringMatching(/^g\.env-mcp-.*\.partial$/)])
    held.gate.resolve()
    expect(await held.at.copy(file)).toContain('bytes were there from an earlier try.')
  })

  it('tells what went wrong', async () => {
    await using held = new HeldCopy()
    const text = await held.outwait(280_000)
    held.gate.reject(new BridgeError('denied', 'no more'))
    const answer = await held.at.call(readOutputTool, { session_id: idOf(text), wait_for: 'exit' })
    expect(answer).toMatch(
      /Process exited with code 1\n.*\[denied\] Cannot copy .*: no more; what has arrived/s,
    )
  })

  it('ends when the server does', async () => {
    await using held = new HeldCopy()
    await held.outwait(280_000)
    await held.at.endSessions()
    expect([held.at.a.running, held.at.b.running]).toEqual([0, 0])
    expect(readdirSync(held.at.path('b'))).toEqual([expect.stringMatching(/\.partial$/)])
  })
})

describe('copy_path to several machines', () => {
  it('has an outcome for each, in one answer', async () => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), 'x')
    const text = await at.copy({ ...file, destination_environment_id: ['b', 'a'] })
    const [one = '', two = ''] = text.split('\n\n')
    expect(one).toMatch(/^Copied 1 file.*transport ws.*on "b"/s)
    expect(two).toMatch(/^Copied 1 file.*transport direct.*on "a"/s)
  })

  it('reads the source once for all', async () => {
    await using at = new TwoMachines()
    writeFileSync(at.path('a/f'), Buffer.alloc(MIB, 'x'))
    mkdirSync(at.path('a/d'))
    writeFileSync(at.path('a/d/x'), 'x')
    const all = { destination_environment_id: ['b', 'c'] }
    await at.copy({ ...file, ...all })
    expect(at.a.filesRead).toHaveLength(1)
    await at.copy({ source_path: 'd', destination_path: 'e', recursive: true, ...all })
    expect(at.a.commands.filter((command) => command.includes('tar -cf'))).toHaveLength(1)
    expect(readFileSync(at.path('c/e/x'), 'utf8')).toBe('x')
  })

  it('brings what it can where one destination fails', async () => {
    await using at = new TwoMachines({
      b: { writeBlock: () => Promise.reject(new BridgeError('denied', 'no')) },
    })
    writeFileSync(at.path('a/f'), 'x')
    const text = await at.copy({ ...file, destination_environment_id: '["b","a"]' })
    expect(text).toMatch(/^\[denied\] Cannot copy "f" on "a" to "g" on "b": no\n\nCopied 1 file/)
    expect(readFileSync(at.path('a/g'), 'utf8')).toBe('x')
  })
})
