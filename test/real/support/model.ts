import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Transcript } from './transcript.ts'

/** What the model says in one answer, given what it has been told so far. */
export type Turn = (seen: Transcript) => readonly ModelItem[]

/** One item of an answer, as it lies in the Responses API's output. */
export type ModelItem = Readonly<Record<string, unknown>> & { readonly type: string }

/** A call of one tool of an MCP server, as models without code mode make it. */
export function callTool(callId: string, server: string, name: string, args: object): ModelItem {
  const namespace = `mcp__${server}`
  return { type: 'function_call', call_id: callId, namespace, name, arguments: JSON.stringify(args) }
}

/** A cell of JavaScript, as models in code mode write it. */
export function runCell(callId: string, input: string): ModelItem {
  return { type: 'custom_tool_call', call_id: callId, namespace: 'functions', name: 'exec', input }
}

/** Words for the user; an answer of nothing but words ends the turn. */
export function say(text: string): ModelItem {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] }
}

/**
 * A model that plays a script: the Responses API on a port of loopback, which answers each request with the next
 * turn and keeps what it was asked. Past the end of the script it says so, which ends the run.
 */
export class ScriptedModel implements AsyncDisposable {
  readonly #server: Server
  readonly #turns: readonly Turn[]
  #transcripts: Transcript[] = []

  private constructor(turns: readonly Turn[]) {
    this.#turns = turns
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(turns: readonly Turn[]): Promise<ScriptedModel> {
    const model = new ScriptedModel(turns)
    model.#server.listen(0, '127.0.0.1')
    await once(model.#server, 'listening')
    return model
  }

  get baseUrl(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string')
      throw new Error('Internal: the model does not listen')
    return `http://127.0.0.1:${address.port}/v1`
  }

  /** What it was told, request by request; each holds all before it. */
  get transcripts(): readonly Transcript[] {
    return this.#transcripts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  /** Never rejects: what goes wrong here is a 500 that codex reports. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const isTurn = request.method === 'POST' && request.url?.endsWith('/responses')
      if (isTurn) answer(response, this.#next(await jsonOf(request)))
      else response.writeHead(404).end()
    } catch (reason) {
      response.writeHead(500).end(JSON.stringify({ error: { message: String(reason) } }))
    }
  }

  #next(body: unknown): readonly ModelItem[] {
    const transcript = new Transcript(body)
    const turn = this.#turns[this.#transcripts.length]
    this.#transcripts.push(transcript)
    return turn ? turn(transcript) : [say('The script is over.')]
  }
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = await request.toArray()
  return JSON.parse(Buffer.concat(chunks).toString())
}

/** One answer as server-sent events: made, each item, completed. */
function answer(response: ServerResponse, said: readonly ModelItem[]): void {
  const id = crypto.randomUUID()
  const items = said.map((item, at) => ({ id: `item_${id}_${at}`, ...item }))
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 }
  const events = [
    { type: 'response.created', response: { id, status: 'in_progress', output: [] } },
    ...items.map((item, at) => ({ type: 'response.output_item.done', output_index: at, item })),
    { type: 'response.completed', response: { id, status: 'completed', output: items, usage } },
  ]
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  response.end()
}
