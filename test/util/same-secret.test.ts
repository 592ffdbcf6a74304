import { describe, expect, it } from 'vitest'
import { isSameSecret } from '../../src/util/same-secret.ts'

describe('isSameSecret', () => {
  it('tells two texts apart, whatever their lengths', () => {
    expect(isSameSecret('s3cret', 's3cret')).toBe(true)
    for (const other of ['', 's3cre', 's3cret ', 'S3cret']) expect(isSameSecret(other, 's3cret')).toBe(false)
  })
})
