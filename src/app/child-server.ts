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

/**
 * Starts the server, opens a session (`initialize`), and gives it over. Disposing ends its input and waits for its exit. Once
 * `signal` aborts, whoever waits for an answer gets its reason.
 */
export async function startChildServer(
  command: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<ChildServer> {
  // Away from the terminal, as agents start it: Ctrl-C there is for us, and the end of this one for us to order.
  const detached = process.platform !== 'win32'
  const child = spawn(command, args, { detached, stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const peer = new RpcPeer(stdioTransport(child.stdout, child.stdin))
  const end = async () => {
    await peer.close(new BridgeError('canceled', 'The session is over'))
    await exited
  }
  try {
    await openSession(peer, signal)
  } catch (error) {
    await end()
    throw error
  }
  return {
    pid: child.pid!,
    async call(tool, toolArgs) {
      const { text, isError } = parseResult(
        await peer.request('tools/call', { name: tool, arguments: toolArgs }, { signal }),
      )
      if (isError) throw new BridgeError('internal', `${tool} failed: ${text}`)
      return text
    },
    [Symbol.asyncDispose]: end,
  }
}

async function openSession(peer: RpcPeer, signal: AbortSignal | undefined): Promise<void> {
  const clientInfo = { name: 'env-mcp-demo', version: '1' }
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo }
  await peer.request('initialize', params, { signal })
  peer.notify('notifications/initialized', {})
}

function parseResult(value: unknown): { text: string; isError: boolean } {
  const { content, isError } = (value ?? {}) as { content?: unknown; isError?: unknown }
  const first: unknown = Array.isArray(content) ? content[0] : undefined
  const text = (first as { text?: unknown } | undefined)?.text
  return { text: typeof text === 'string' ? text : '', isError: isError === true }
}
