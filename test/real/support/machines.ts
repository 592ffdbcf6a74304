import { afterAll, beforeAll } from 'vitest'
import { CODEX_VERSIONS, type CodexVersion } from './codex.ts'
import { type ExecServer, startExecServer } from './exec-server.ts'
import { type Answer, connectMcp, type McpClient } from './mcp-client.ts'

/** One program that knows an exec-server of every version; each environment is named by its version. */
export interface Machines {
  readonly client: McpClient
  machine(version: CodexVersion): Machine
}

export interface Machine extends Pick<ExecServer, 'cwd' | 'home' | 'temp' | 'children'> {
  /** Calls a tool on this machine: `environment_id` is filled in. */
  call(tool: string, args?: Record<string, unknown>): Promise<Answer>
}

/** The machines of a test file: they start before its first test and end after its last. */
export function useMachines(): Machines {
  let servers: ExecServer[] = []
  let client: McpClient
  beforeAll(async () => {
    servers = await Promise.all(CODEX_VERSIONS.map(startExecServer))
    client = await connectMcp(servers.map(({ version, url }) => `--environment=${version}=${url}`))
  })
  afterAll(async () => {
    await client[Symbol.asyncDispose]()
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  })
  return {
    get client() {
      return client
    },
    machine(version) {
      const { cwd, home, temp, children } = servers.find((server) => server.version === version)!
      const call = (tool: string, args = {}) => client.call(tool, { environment_id: version, ...args })
      return { cwd, home, temp, children, call }
    },
  }
}
