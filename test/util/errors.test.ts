import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { BridgeError } from '../../src/util/errors.ts'

describe('BridgeError', () => {
  it('puts the code in front of the text', () => {
    expect(new BridgeError('not_found', 'No environment "bix"').text).toBe('[not_found] No environment "bix"')
  })

  it('is kept as it is by from()', () => {
    const error = new BridgeError('conflict', 'Busy')
    expect(BridgeError.from(error, 'internal')).toBe(error)
  })

  it('takes the code of a system error, through its causes', async () => {
    const refused = await new Promise<Error>((resolve) => connect(1, '127.0.0.1').on('error', resolve))
    expect(BridgeError.from(refused).code).toBe('unavailable')
    expect(BridgeError.from(new Error('Fetch failed', { cause: refused })).code).toBe('unavailable')
  })

  it('tells an abort from a time-out', () => {
    expect(BridgeError.from(AbortSignal.abort().reason).code).toBe('canceled')
    expect(BridgeError.from(new DOMException('late', 'TimeoutError')).code).toBe('deadline')
  })

  it('uses the fallback for what says nothing by itself', () => {
    expect(BridgeError.from('odd', 'unavailable')).toMatchObject({ code: 'unavailable', message: 'odd' })
    expect(BridgeError.from(new Error('odd')).code).toBe('internal')
  })
})
