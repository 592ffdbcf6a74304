import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { flagHelp, flagTable } from '../../src/app/help.ts'
import { OPTIONS, optionsOf } from '../../src/app/option-table.ts'

describe('flagHelp', () => {
  it.each(['serve', 'executor'] as const)('shows each flag of %s once, in 100 columns', (command) => {
    const lines = flagHelp(command).split('\n')
    for (const { name } of optionsOf(command))
      expect(lines.filter((line) => line.startsWith(`  --${name} `))).toHaveLength(1)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  it('aligns what flags mean', () => {
    const starts = flagHelp('serve')
      .split('\n')
      .filter((line) => line.startsWith('  --'))
      .map((line) => /\S {2,}\S/.exec(line.slice(2)))
      .map((match) => match!.index + match![0].length)
    expect(new Set(starts).size).toBe(1)
  })
})

describe('flagTable', () => {
  it('has a line for each flag', () => {
    expect(flagTable().split('\n')).toHaveLength(OPTIONS.length + 2)
  })

  it('is the table of the README', () => {
    const table = /<!-- flags -->\n([\s\S]*?)\n<!-- \/flags -->/.exec(readFileSync('README.md', 'utf8'))
    expect(table?.[1]?.trim()).toBe(flagTable())
  })
})
