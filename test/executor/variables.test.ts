import { afterEach, describe, expect, it, vi } from 'vitest'
import { applyEnvPolicy, ownVariables } from '../../src/executor/variables.ts'
import type { EnvPolicy } from '../../src/protocol/methods.ts'

const OWN = {
  PATH: '/bin',
  HOME: '/root',
  LANG: 'C',
  MY_SECRET: 's',
  api_key: 'k',
  GH_TOKEN: 't',
  SERVER_A: 'a',
  X: 'x',
}

const leaves = (policy: Partial<EnvPolicy>) =>
  applyEnvPolicy(OWN, {
    inherit: 'all',
    ignoreDefaultExcludes: true,
    exclude: [],
    set: {},
    includeOnly: [],
    ...policy,
  })

describe('applyEnvPolicy', () => {
  it.each<[string, Partial<EnvPolicy>, string[]]>([
    ['all', {}, Object.keys(OWN)],
    ['what is secret left out', { ignoreDefaultExcludes: false }, ['PATH', 'HOME', 'LANG', 'SERVER_A', 'X']],
    ['the core', { inherit: 'core' }, ['PATH', 'HOME', 'LANG']],
    ['nothing', { inherit: 'none' }, []],
    [
      'what is set, whatever its name',
      { inherit: 'none', ignoreDefaultExcludes: false, set: { A_KEY: '1' } },
      ['A_KEY'],
    ],
    [
      'what is not excluded',
      { exclude: ['server*', '?'] },
      ['PATH', 'HOME', 'LANG', 'MY_SECRET', 'api_key', 'GH_TOKEN'],
    ],
    [
      'only what is wanted',
      { includeOnly: ['*A*'], set: { B: '1', ZA: '2' } },
      ['PATH', 'LANG', 'SERVER_A', 'ZA', 'api_key'],
    ],
    ['what a pattern means, not what it looks like', { includeOnly: ['X.*', 'P+TH', '[X]'] }, []],
  ])('leaves %s', (_, policy, names) => {
    expect(Object.keys(leaves(policy)).sort()).toEqual(names.sort())
  })

  it('sets over what is inherited', () => {
    expect(leaves({ set: { HOME: '/changed' } }).HOME).toBe('/changed')
  })
})

describe('ownVariables', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  it('are those of this process, without the hidden ones', () => {
    vi.stubEnv('OUR_TOKEN', 'secret')
    vi.stubEnv('OTHER', 'x')
    const own = ownVariables(['OUR_TOKEN'])
    expect(own).toMatchObject({ OTHER: 'x', PATH: process.env.PATH })
    expect(own).not.toHaveProperty('OUR_TOKEN')
  })
})
