import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Ssh extends AsyncDisposable {
  /** Runs `true` over the connection that is open already. */
  runTrue(): Promise<void>
  /** The words that begin a command with this server as 127.0.0.1, for `rsync -e` and the like: each a connection of its own. */
  readonly words: readonly string[]
  /** The same for scp. */
  readonly scpWords: readonly string[]
}

/** An sshd of our own on loopback with one shared connection open; undefined where OpenSSH is not installed. */
export async function startSsh(): Promise<Ssh | undefined> {
  const sshd = await run('sh', ['-c', 'command -v sshd || ls /usr/sbin/sshd']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  if (!sshd) return undefined
  const folder = await mkdtemp(join(process.env.HOME ?? '/', '.env-mcp-bench-'))
  const at = (name: string) => join(folder, name)
  for (const key of ['host', 'user'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)])
  await writeFile(at('keys'), await readFile(at('user.pub')), { mode: 0o600 })
  const port = await freePort()
  const settings = [
    `Port=${port}`,
    'ListenAddress=127.0.0.1',
    `HostKey=${at('host')}`,
    `AuthorizedKeysFile=${at('keys')}`,
  ]
  // For scp.
  settings.push('Subsystem=sftp internal-sftp')
  const rest = ['PidFile=none', 'StrictModes=no', 'UsePAM=no', 'PermitRootLogin=yes']
  await run('mkdir', ['-p', '/run/sshd']).catch(() => {})
  const daemon = spawn(sshd, ['-D', '-f', '/dev/null', ...[...settings, ...rest].flatMap((s) => ['-o', s])], {
    stdio: 'ignore',
  })
  const client = [
    '-i',
    at('user'),
    '-p',
    String(port),
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'LogLevel=ERROR',
  ]
  const scpOptions = client.map((word) => (word === '-p' ? '-P' : word))
  const shared = [...client, '-o', `UserKnownHostsFile=${at('known')}`, '-o', `ControlPath=${at('control')}`]
  const ssh = (...args: string[]) => run('ssh', [...shared, ...args])
  await open(ssh)
  return {
    runTrue: async () => void (await ssh('127.0.0.1', 'true')),
    words: ['ssh', ...client, '-o', `UserKnownHostsFile=${at('known')}`],
    scpWords: ['scp', ...scpOptions, '-o', `UserKnownHostsFile=${at('known')}`],
    async [Symbol.asyncDispose]() {
      await ssh('-O', 'exit', '127.0.0.1').catch(() => {})
      daemon.kill()
      await once(daemon, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The daemon needs a moment before it listens: asked again until it answers, at most 50 times. */
async function open(ssh: (...args: string[]) => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await ssh('-M', '-N', '-f', '127.0.0.1')
      return
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}
