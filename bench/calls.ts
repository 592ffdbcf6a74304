import { startChildServer } from '../src/app/child-server.ts'
import { codexBinary } from '../test/real/support/codex.ts'
import { startExecServer } from '../test/real/support/exec-server.ts'
import { openBareClient } from './bare-client.ts'
import { interleave, ms, type Row } from './measure.ts'
import { startSsh } from './ssh.ts'

const SHELL_TRUE = { environment_id: 'box', command: ['true'] }

/** One small command through us, against the same on a bare socket to the same exec-server, and over ssh. */
export async function benchCalls(): Promise<Row[]> {
  await codexBinary('0.169.0')
  await using server = await startExecServer('0.169.0')
  await using agent = await startChildServer(process.execPath, [
    'dist/bin.js',
    'serve',
    '--log-level=warn',
    '--environment',
    `box=${server.url}`,
  ])
  await using passive = await openBareClient(server.url, { pongs: false })
  await using ponging = await openBareClient(server.url, { pongs: true })
  await using ssh = await startSsh()
  const ours = async () => void (await agent.call('shell', SHELL_TRUE))
  const ways = { ours, passive: () => passive.runTrue(), ponging: () => ponging.runTrue() }
  const times = await interleave(60, ways)
  const overSsh = ssh && (await interleave(60, { ours, ssh: () => ssh.runTrue() }))
  const many = await interleave(7, {
    together: async () => void (await Promise.all(Array.from({ length: 64 }, ours))),
    oneByOne: async () => {
      for (let n = 0; n < 64; n++) await ours()
    },
  })
  const rows: Row[] = [
    row('shell ["true"] / bare socket, passive', times.ours, times.passive, 0.2),
    row('shell ["true"] / bare socket, prompt pongs', times.ours, times.ponging, 1.3),
    row('64 calls in flight / one at a time', many.together, many.oneByOne, 1),
  ]
  if (overSsh) rows.push(row('shell ["true"] / ssh, shared connection', overSsh.ours, overSsh.ssh, 0.15))
  return rows
}

function row(name: string, ours: number, reference: number, goal: number): Row {
  return { name, ratio: ours / reference, goal, note: `${ms(ours)} / ${ms(reference)}` }
}
