import { expect, test } from 'vitest'
import type { Fault } from '../support/fault.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { type CodexRun, codexExec } from './support/codex-exec.ts'
import { startExecServer } from './support/exec-server.ts'
import { say } from './support/model.ts'
import { MODES } from './support/modes.ts'

/** For some seconds a line every 10 ms. */
const PRINT = 'for n in $(seq 300); do echo "line $n"; sleep 0.01; done; exit 3'
const CUT: Fault = { kind: 'cut-after-frame', direction: 'down', frame: 60, downMs: 8000 }

test.each(MODES)(
  'in $mode a cut of 8 s in the middle of a command changes nothing that the model is told',
  async ({ model, call }) => {
    await using machine = await startExecServer('0.169.0')
    const hits: Fault[] = []
    await using proxy = await startFaultProxy(
      machine.url,
      (connection) => (connection === 0 ? [CUT] : []),
      (fault) => hits.push(fault),
    )
    const turns = [
      () => [call('print', 'shell', { command: ['bash', '-c', PRINT] })],
      () => [call('after', 'shell', { command: ['echo', 'fine'] })],
      () => [say('Done.')],
    ]
    const runs = [machine.url, proxy.url].map((url) =>
      codexExec({ version: '0.169.0', model, args: [`--environment=one=${url}`], turns, timeoutMs: 60_000 }),
    )
    const [calm, cut] = await Promise.all(runs)
    expect(hits).toEqual([CUT])
    expect(calm!.transcript.output('print')).toMatch(/^line 1\n[\s\S]*^line 300$/m)
    expect(told(cut!)).toEqual(told(calm!))
  },
)

/** What the model was told, but for what no two runs have in common: the time that things took, and codex's own folder. */
function told({ transcript }: CodexRun): string[] {
  return transcript.items.map((item) =>
    item.replaceAll(/Wall time:? [\d.]+ seconds/g, 'Wall time').replaceAll(/run\/r\w+\//g, 'run/'),
  )
}
