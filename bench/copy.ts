import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type ChildServer, startChildServer } from '../src/app/child-server.ts'
import { type ExecServer, startExecServer } from '../test/real/support/exec-server.ts'
import { GatewayProgram } from '../test/real/support/gateway-program.ts'
import { startRemoteExecServer } from '../test/real/support/remote-exec-server.ts'
import { bareBlockTimes } from './bare-blocks.ts'
import { interleave, ms, type Row } from './measure.ts'
import { type Ssh, startSsh } from './ssh.ts'
import { peakMb } from './startup.ts'

const MIB = 1024 * 1024
const LARGE_MIB = 1024
const MANY = 10_000
const MANY_BYTES = 10_000
const ROUNDS = 2
/** Peak memory, in MB. */
const AGENT_MB = 120
const GATEWAY_MB = 150

const run = promisify(execFile)

/** A large file and many small ones between machines of one gateway, against what else there is for it; all in memory. */
export async function benchCopy(): Promise<Row[]> {
  await using stage = await Stage.start()
  const large = await stage.compare('large', stage.ways('large'))
  const many = await stage.compare('many', stage.ways('many'))
  return [...large, ...many, ...(await stage.blockRows()), ...(await stage.memoryRows())]
}

/** Machines, an agent, and what they copy. */
class Stage implements AsyncDisposable {
  readonly #folder: string
  readonly #gateway: GatewayProgram
  readonly #agent: ChildServer
  readonly #ssh: Ssh | undefined
  readonly #ends: readonly AsyncDisposable[]
  readonly #reader: ExecServer
  readonly #writer: ExecServer

  static async start(): Promise<Stage> {
    const folder = await mkdtemp('/dev/shm/env-mcp-bench-')
    await makeSources(folder)
    const gateway = await GatewayProgram.start()
    const ends = await Promise.all([
      ...['ours-a', 'ours-b'].map((name) => startOwnExecutor(gateway, folder, name)),
      ...['stock-a', 'stock-b'].map((name) =>
        startRemoteExecServer(gateway, { name, version: '0.169.0', by: 'key' }),
      ),
    ])
    for (let tries = 0; (await gateway.status()).match(/connected \(/g)?.length !== 4; tries++)
      if (tries > 100) throw new Error('The machines do not come in')
    const [a, b] = await Promise.all(['0.169.0', '0.169.0'].map(() => startExecServer('0.169.0')))
    const direct = [`--environment=direct-a=${a!.url}`, `--environment=direct-b=${b!.url}`]
    const { args, env } = await gateway.agent()
    Object.assign(process.env, env)
    const flags = ['dist/bin.js', '--log-level=warn', ...args, ...direct]
    const agent = await startChildServer(process.execPath, flags)
    return new Stage(folder, {
      gateway,
      agent,
      ssh: await startSsh(),
      ends: [...ends, a!, b!],
      reader: a!,
      writer: b!,
    })
  }

  private constructor(
    folder: string,
    parts: {
      gateway: GatewayProgram
      agent: ChildServer
      ssh: Ssh | undefined
      ends: readonly AsyncDisposable[]
      reader: ExecServer
      writer: ExecServer
    },
  ) {
    this.#folder = folder
    this.#gateway = parts.gateway
    this.#agent = parts.agent
    this.#ssh = parts.ssh
    this.#ends = parts.ends
    this.#reader = parts.reader
    this.#writer = parts.writer
  }

  /** Each way to copy it once, to a place that is not there, by name. */
  ways(what: 'large' | 'many'): Record<string, () => Promise<void>> {
    const { words, scpWords } = this.#ssh ?? { words: [], scpWords: [] }
    const from = join(this.#folder, what)
    const to = join(this.#folder, 'copy')
    const tree = what === 'many'
    const remote = `127.0.0.1:${to}`
    const ours = (kind: string, transport: string, verify: boolean) => () =>
      this.#copy({ kind, transport, verify, from, to, tree })
    const others: Record<string, () => Promise<void>> = !this.#ssh
      ? {}
      : {
          scp: () => exec([...scpWords, ...(tree ? ['-r'] : []), from, remote]),
          rsync: () => exec(['rsync', '-aW', '-e', words.join(' '), tree ? `${from}/` : from, remote]),
        }
    return {
      ...others,
      ...(this.#ssh && { tarSsh: () => tarOverSsh(words, this.#folder, what, to) }),
      cat: () =>
        tree ? exec(['cp', '-r', from, to]) : exec(['sh', '-c', 'cat "$1" > "$2"', 'sh', from, to]),
      'http ours': ours('ours', 'http', false),
      'http ours, verified': ours('ours', 'http', true),
      'http stock': ours('stock', 'http', false),
      'http stock, verified': ours('stock', 'http', true),
      'ws, stock': ours('direct', 'ws', false),
    }
  }

  async compare(what: 'large' | 'many', ways: Record<string, () => Promise<void>>): Promise<Row[]> {
    const cleaned = Object.entries(ways).map(([name, way]) => [
      name,
      async () => {
        await rm(join(this.#folder, 'copy'), { recursive: true, force: true })
        const since = performance.now()
        await way()
        if (process.env.BENCH_TRACE) console.error(what, name, Math.round(performance.now() - since))
      },
    ])
    const times = await interleave(ROUNDS, Object.fromEntries(cleaned) as typeof ways)
    const label = what === 'large' ? '1 GiB' : `${MANY} files of 10 KB`
    const reference = what === 'large' ? 'scp' : 'tarSsh'
    const rows: Row[] = []
    for (const [name, time] of Object.entries(times)) {
      const against = times[reference] ?? times.cat!
      const isOurs = name.startsWith('http')
      rows.push({
        name: `${label}, ${name} / ${times[reference] ? reference : 'cat (no OpenSSH here)'}`,
        ratio: time / against,
        goal: isOurs && !name.endsWith('verified') ? 1 : Number.POSITIVE_INFINITY,
        note: `${ms(time)} / ${ms(against)}`,
      })
    }
    return rows
  }

  /** Over the bridges, against a read and a write of bare blocks in turn. */
  async blockRows(): Promise<Row[]> {
    const [from, to] = [join(this.#folder, 'large'), join(this.#folder, 'copy')]
    const ours = () => this.#copy({ kind: 'direct', transport: 'ws', verify: false, from, to, tree: false })
    const bare = { read: 0, write: 0 }
    const oursMs: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await rm(to, { recursive: true, force: true })
      const times = await bareBlockTimes({ reader: this.#reader, writer: this.#writer, from, to })
      bare.read += times.readMs / ROUNDS
      bare.write += times.writeMs / ROUNDS
      await rm(to, { force: true })
      const startedAt = performance.now()
      await ours()
      oursMs.push(performance.now() - startedAt)
    }
    const mean = oursMs.reduce((sum, value) => sum + value, 0) / ROUNDS
    const rate = (time: number) => `${((LARGE_MIB * MIB) / 1e3 / time).toFixed(0)} MB/s`
    return [
      {
        name: '1 GiB, ws between stock ones / bare readBlock, then writeBlock',
        ratio: mean / (bare.read + bare.write),
        goal: 1 / 0.7,
        note: `${rate(mean)}; readBlock ${rate(bare.read)}, writeBlock ${rate(bare.write)}`,
      },
    ]
  }

  async memoryRows(): Promise<Row[]> {
    const agent = await peakMb(this.#agent.pid)
    const gateway = await peakMb(this.#gateway.pid)
    return [
      {
        name: `env-mcp: peak MB / ${AGENT_MB}`,
        ratio: agent / AGENT_MB,
        goal: 1,
        note: `${agent.toFixed(0)} MB`,
      },
      {
        name: `gateway: peak MB / ${GATEWAY_MB}`,
        ratio: gateway / GATEWAY_MB,
        goal: 1,
        note: `${gateway.toFixed(0)} MB`,
      },
    ]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of [this.#agent, ...this.#ends, this.#gateway]) await end[Symbol.asyncDispose]()
    await this.#ssh?.[Symbol.asyncDispose]()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #copy(way: {
    kind: string
    transport: string
    verify: boolean
    from: string
    to: string
    tree: boolean
  }): Promise<void> {
    await this.#agent.call('copy_path', {
      ...{ source_environment_id: `${way.kind}-a`, source_path: way.from },
      ...{ destination_environment_id: `${way.kind}-b`, destination_path: way.to },
      ...{ recursive: way.tree, transport: way.transport, verify: way.verify },
    })
  }
}

async function makeSources(folder: string): Promise<void> {
  await run('sh', ['-c', `head -c ${LARGE_MIB * MIB} /dev/urandom > "$0"`, join(folder, 'large')])
  for (let n = 0; n < MANY; n++) {
    const directory = join(folder, 'many', String(n % 100))
    if (n < 100) await mkdir(directory, { recursive: true })
    await writeFile(join(directory, `file-${n}`), Buffer.alloc(MANY_BYTES, String(n)))
  }
}

/** `env-mcp executor` that dials in. */
async function startOwnExecutor(
  gateway: GatewayProgram,
  folder: string,
  name: string,
): Promise<AsyncDisposable> {
  const tokenFile = join(folder, `${name}.token`)
  await writeFile(tokenFile, await gateway.joinToken(name))
  await chmod(tokenFile, 0o600)
  const flags = ['--gateway', gateway.url, '--token-file', tokenFile, '--exit-on-stdin-close']
  const spool = ['--spool', join(folder, `${name}.spool`), '--log-level', 'warn']
  const child: ChildProcess = spawn(process.execPath, ['dist/bin.js', 'executor', ...flags, ...spool], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  await once(createInterface(child.stdout!), 'line')
  return {
    async [Symbol.asyncDispose]() {
      child.stdin!.end()
      await exited
    },
  }
}

async function exec(argv: readonly string[]): Promise<void> {
  await run(argv[0]!, argv.slice(1), { maxBuffer: MIB })
}

/** `tar | ssh tar`, as people do it. */
async function tarOverSsh(words: readonly string[], folder: string, what: string, to: string): Promise<void> {
  const script =
    'from=$1 what=$2 to=$3; shift 3; tar -cf - -C "$from" "$what" | "$@" "mkdir $to && tar -xf - -C $to"'
  await exec(['sh', '-c', script, 'sh', folder, what, to, ...words, '127.0.0.1'])
}
