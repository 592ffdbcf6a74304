import { describe, expect, it } from 'vitest'
import type { Tap } from '../../src/gateway/tap.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { askHttp } from '../support/http-ask.ts'

/** Notes all it is told. */
function noteTap(notes: string[]): Tap {
  const text = (message: Uint8Array) => Buffer.from(message).toString()
  return {
    executor({ workspaceId, name, era }) {
      notes.push(`executor ${workspaceId}/${name} ${era}`)
      return (reason) => notes.push(`executor gone: ${reason.message}`)
    },
    bridge({ workspaceId, name, turnId }) {
      notes.push(`bridge ${workspaceId}/${name} ${turnId === '' ? '' : 'with a turn'}`)
      return {
        up: (streamId, message) => notes.push(`up ${streamId} ${text(message)}`),
        down: (streamId, message) => notes.push(`down ${streamId} ${text(message)}`),
        ended: (streamId) => notes.push(`ended ${streamId}`),
        closed: () => notes.push('bridge gone'),
      }
    },
    copy: () => () => {},
    refused: ({ route }, status) => notes.push(`refused ${route} ${status}`),
  }
}

describe('a tap', () => {
  it('is told of connections, of what passes, and of what is refused', async () => {
    const [notes, others]: [string[], string[]] = [[], []]
    await using rig = await startGatewayRig({ taps: [noteTap(notes), noteTap(others)] })
    const executor = await rig.executor('w', 'box', { era: 'noise' })
    const bridge = await rig.bridge('w', 'box')
    await bridge.ask(bridge.resume('s1'), 1)
    await askHttp(`${rig.url}/relay/rly_secret`, { token: 'rly_other' })
    bridge.socket.close()
    await expect.poll(() => notes).toContain('bridge gone')
    await executor.cut()
    await expect.poll(() => notes).toContain('executor gone: Connection lost (code 1006)')
    expect(notes).toEqual([
      'executor w/box noise',
      'bridge w/box with a turn',
      'up s1 {"id":1,"method":"echo","params":{"id":1}}',
      'down s1 {"id":1,"result":{"id":1}}',
      'refused /relay/:ticket 401',
      'ended s1',
      'bridge gone',
      'executor gone: Connection lost (code 1006)',
    ])
    expect(others).toEqual(notes)
  })
})
