import { describe, expect, it } from 'vitest'
import { TOOLS } from '../../src/tools/index.ts'
import { TOOL_INFOS } from '../../src/tools/info/list.ts'

describe('TOOLS', () => {
  it('has a tool for each one that is listed, in the same order', () => {
    expect(TOOLS.map(({ info }) => info)).toEqual(TOOL_INFOS)
  })
})
