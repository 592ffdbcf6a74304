import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { killMarked, MARK, markedProcesses } from '../../support/marked-processes.ts'
import { type CodexVersion, codexBinary } from './codex.ts'
import { KNOWN, kill } from './exec-server.ts'
import { CA_FILE, type GatewayProgram } from './gateway-program.ts'
import { RunFolder } from './run-folder.ts'

/** How it proves who it is: an API key, a bearer on its standard input, or AWS keys (with `--remote-transport direct`). */
export type JoinBy = 'key' | 'stdin' | 'aws'

export interface RemoteExecServer extends AsyncDisposable {
  readonly cwd: string
  /** Resolves with its exit code, when it ends by itself or is killed. */
  readonly ended: Promise<number | null>
  /** The processes that run under it now. */
  children(): number[]
  /** Ends it without a word to its gateway; what runs under it lives on. */
  kill(): Promise<void>
}

/** Starts `codex exec-server --remote` of that version, which dials in to the gateway under `name`. */
export async function startRemoteExecServer(
  gateway: Pick<GatewayProgram, 'url' | 'joinToken'>,
  { name, version, by }: { name: string; version: CodexVersion; by: JoinBy },
): Promise<RemoteExecServer> {
  const binary = await codexBinary(version)
  const folder = await RunFolder.make()
  const [home, cwd] = [await folder.folder('home'), await folder.folder('work')]
  const token = await gateway.joinToken(name)
  const mark = randomUUID()
  const { args, env } = proofOf(by, token)
  const child = spawn(binary, ['exec-server', '--remote', gateway.url, '--environment-id', name, ...args], {
    cwd,
    env: {
      ...{ ...KNOWN, ...env, PATH: process.env.PATH ?? '', HOME: home, CODEX_HOME: home, TMPDIR: home },
      ...(gateway.url.startsWith('https:') ? { SSL_CERT_FILE: CA_FILE } : {}),
      ...{ NO_PROXY: '*', [MARK]: mark },
    },
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  child.stdin.on('error', () => {})
  const ended = once(child, 'exit').then(([code]): number | null => code)
  if (by === 'stdin') child.stdin.write(`${token}\n`)
  return {
    cwd,
    ended,
    children: () => markedProcesses(mark).filter((pid) => pid !== child.pid),
    kill: () => kill(child),
    async [Symbol.asyncDispose]() {
      await kill(child)
      killMarked(mark)
      await folder[Symbol.asyncDispose]()
    },
  }
}

function proofOf(by: JoinBy, token: string): { args: string[]; env: Record<string, string> } {
  const [accessKey = '', secret = ''] = token.split('.')
  switch (by) {
    case 'key':
      return { args: [], env: { CODEX_API_KEY: token } }
    case 'stdin':
      return { args: ['--registration-bearer-stdin'], env: {} }
    case 'aws':
      return {
        args: ['--remote-transport', 'direct', '--aws-sigv4', '--aws-region', 'us-east-1'],
        env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secret },
      }
  }
}
