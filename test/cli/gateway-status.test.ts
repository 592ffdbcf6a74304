import { describe, expect, it } from 'vitest'
import { statusText } from '../../src/cli/gateway-status.ts'

const box = {
  workspace: 'main',
  name: 'box',
  exeId: 'exe_1',
  isConnected: true,
  era: 'noise',
  address: '10.0.0.7',
  lastSeenAt: '2026-01-02T03:04:05.678Z',
  bridges: 2,
  sessions: 3,
  bytesIn: 1_400_000,
  bytesOut: 999,
}

describe('statusText', () => {
  it('is a table by workspace and name, with sums', () => {
    const gone = {
      ...box,
      name: 'alpha',
      exeId: 'exe_2',
      isConnected: false,
      era: undefined,
      address: undefined,
    }
    const idle = { bridges: 0, sessions: 0, bytesIn: 0, bytesOut: 0, lastSeenAt: undefined }
    expect(statusText([box, { ...gone, ...idle }])).toBe(
      [
        'WORKSPACE  EXECUTOR  STATE              FROM      BRIDGES  SESSIONS  IN      OUT    LAST SEEN             ID',
        'main       alpha     not connected      -         0        0         0 B     0 B    never                 exe_2',
        'main       box       connected (noise)  10.0.0.7  2        3         1.4 MB  999 B  2026-01-02T03:04:05Z  exe_1',
        '',
        '1 of 2 executors connected, in 1 workspaces, 3 sessions',
      ].join('\n'),
    )
  })

  it('names machines that are refused', () => {
    expect(statusText([{ ...box, rival: '10.0.0.9' }])).toContain(
      'Another machine, at 10.0.0.9, wants to be "box" and is refused',
    )
  })

  it('says how to begin when there is nothing', () => {
    expect(statusText([])).toBe('No executor has joined yet: env-mcp gateway token join says how')
  })
})
