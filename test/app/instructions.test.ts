import { describe, expect, it } from 'vitest'
import { INSTRUCTIONS } from '../../src/app/instructions.ts'

describe('INSTRUCTIONS', () => {
  const [first = ''] = INSTRUCTIONS.split('\n')

  it('fits what clients show of it', () => {
    expect(first.length).toBeLessThanOrEqual(250)
    expect(INSTRUCTIONS.length).toBeLessThanOrEqual(700)
  })

  it.each([
    'remote',
    'machines',
    'environments',
    'servers',
    'GPU',
    'shell commands',
    'sessions',
    'read',
    'edit',
    'patch',
    'copy',
  ])('has the word %j in its first line', (word) => {
    expect(first).toContain(word)
  })
})
