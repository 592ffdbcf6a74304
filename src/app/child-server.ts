import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { RpcPeer } from '../rpc/peer.ts'
import { stdioTransport } from '../rpc/stdio.ts'
import { BridgeError } from '../util/errors.ts'

/** An MCP server running as our child, spoken to exactly as a coding agent does. */
export interface ChildServer extends AsyncDisposable {
  readonly pid: number
  /** Calls a tool and gives its text; throws when the tool says that it failed. */
  call(tool: string, args: Record<string, unknown>): Promise<string>
}

/** Starts the server, opens a session (`initialize`), and gives it over. Disposing ends its input and waits for its exit. */
export async function startChildServer(command: string, args: readonly string[]): Promise<ChildServer> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const peer = new RpcPeer(stdioTransport(child.stdout, child.stdin))
  await peer.request('initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'env-mcp-demo', version: '1' },
  })
  peer.notify('notifications/initialized', {})
  return {
    pid: child.pid!,
    async call(tool, toolArgs) {
      const { text, isError } = parseResult(
        await peer.request('tools/call', { name: tool, arguments: toolArgs }),
      )
      if (isError) throw new BridgeError('internal', `${tool} failed: ${text}`)
      return text
    },
    async [Symbol.asyncDispose]() {
      await peer.close(new BridgeError('canceled', 'The session is over'))
      await exited
    },
  }
}

function parseResult(value: unknown): { text: string; isError: boolean } {
  const { content, isError } = (value ?? {}) as { content?: unknown; isError?: unknown }
  const first: unknown = Array.isArray(content) ? content[0] : undefined
  const text = (first as { text?: unknown } | undefined)?.text
  return { text: typeof text === 'string' ? text : '', isError: isError === true }
}
