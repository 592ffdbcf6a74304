import { resolve } from 'node:path'
import { Client } from '@modelcontextprotocol/client'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio'

/** The built program. */
export const PROGRAM = resolve('dist/bin.js')

/** As codex is told to wait (README). */
const CALL_TIMEOUT_MS = 300_000

/** What a model reads of one result. */
export interface Answer {
  readonly text: string
  readonly images: readonly { readonly data: string; readonly mimeType: string }[]
  readonly isError: boolean
}

/** The official client, with the built program as its server over stdio. Disposing ends both. */
export interface McpClient extends AsyncDisposable {
  call(tool: string, args?: Record<string, unknown>): Promise<Answer>
}

/** Starts the program with these flags, and variables beside the usual few, and connects to it. */
export async function connectMcp(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<McpClient> {
  const client = new Client({ name: 'test', version: '1' })
  const flags = ['--log-level=warn', ...args]
  const server = {
    command: process.execPath,
    args: [PROGRAM, ...flags],
    env: { ...getDefaultEnvironment(), ...env },
  }
  await client.connect(new StdioClientTransport(server))
  return {
    async call(name, toolArgs = {}) {
      const { content, isError = false } = await client.callTool(
        { name, arguments: toolArgs },
        { timeout: CALL_TIMEOUT_MS },
      )
      const texts = content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      return {
        text: texts.join('\n'),
        images: content.flatMap((part) => (part.type === 'image' ? [part] : [])),
        isError,
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}
