import { describe, expect, it } from 'vitest'
import { durationText, parseDuration } from '../../src/util/duration.ts'

describe('parseDuration', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['1h', 3600],
    ['7d', 604_800],
  ])('takes %s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds)
  })

  it.each(['', '0s', '1', 's', '1.5h', '-1s', '1 h', '1w', '123456789s'])('refuses "%s"', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })
})

describe('durationText', () => {
  it.each([
    [0, '0 ms'],
    [40.4, '40 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [2460, '2.5 s'],
    [90_000, '90 s'],
  ])('says %d ms as it is read', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })
})
