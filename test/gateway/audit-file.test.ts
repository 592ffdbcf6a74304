import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { AuditFile } from '../../src/gateway/audit-file.ts'
import { createMemoryLogger } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { tempDirectory } from '../support/temp-directory.ts'

async function openAudit(limits = {}) {
  const directory = await tempDirectory()
  const logger = createMemoryLogger()
  const clock = new ManualClock()
  const path = join(directory.path, 'sub', 'audit')
  await mkdir(join(directory.path, 'sub'))
  const audit = await AuditFile.open(path, { logger, clock, limits })
  return {
    audit,
    clock,
    logged: () => logger.lines.map(({ message }) => message),
    text: () => readFile(path, 'utf8'),
    /** The disk takes nothing any more, and then again. */
    break: async () => {
      await rm(join(directory.path, 'sub'), { recursive: true })
      await writeFile(join(directory.path, 'sub'), '')
    },
    repair: async () => {
      await rm(join(directory.path, 'sub'))
      await mkdir(join(directory.path, 'sub'))
    },
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

describe('AuditFile', () => {
  it('writes what was gathered together', async () => {
    await using rig = await openAudit()
    rig.audit.write('one')
    rig.audit.write('two')
    expect(await rig.text()).toBe('')
    await rig.clock.advance(100)
    await expect.poll(rig.text).toBe('one\ntwo\n')
    rig.audit.write('three')
    await rig.audit[Symbol.asyncDispose]()
    expect(await rig.text()).toBe('one\ntwo\nthree\n')
  })

  it('says at the start that a path cannot be used', async () => {
    const opening = AuditFile.open('/no/such/place', {
      logger: createMemoryLogger(),
      clock: new ManualClock(),
    })
    await expect(opening).rejects.toThrow(
      /^Cannot write the audit to "\/no\/such\/place": .*; give another file with --audit, or --audit off$/,
    )
  })

  it('tries again what the disk did not take, and logs that once', async () => {
    await using rig = await openAudit()
    await rig.break()
    rig.audit.write('one')
    await rig.clock.advance(100)
    await expect.poll(rig.logged).toEqual(['audit not written'])
    rig.audit.write('two')
    await rig.clock.advance(5000)
    await rig.repair()
    await expect
      .poll(async () => {
        await rig.clock.advance(5000)
        return rig.logged()
      })
      .toEqual(['audit not written', 'audit written again'])
    expect(await rig.text()).toBe('one\ntwo\n')
  })

  it('counts the lines that had no room, and says so in the file', async () => {
    await using rig = await openAudit({ maxQueueBytes: 8 })
    for (const line of ['one', 'two', 'lost', 'lost too']) rig.audit.write(line)
    await rig.clock.advance(100)
    await expect.poll(rig.text).toMatch(/^one\ntwo\n\{"time":"[^"]+","event":"lost","lines":2\}\n$/)
    rig.audit.write('again')
    await rig.audit[Symbol.asyncDispose]()
    expect(await rig.text()).toMatch(/\}\nagain\n$/)
  })

  it('ends in time though the disk takes nothing', async () => {
    await using rig = await openAudit()
    await rig.break()
    rig.audit.write('one')
    await rig.audit[Symbol.asyncDispose]()
    expect(rig.logged()).toEqual(['audit not written'])
  })
})
