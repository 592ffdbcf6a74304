import { textResult } from '../host/tool-host.ts'
import {
  parseBoolean,
  parseInteger,
  parseMaxOutputBytes,
  parseOptionalText,
  parseYieldMs,
  type RawArguments,
  refusal,
  withAliases,
} from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { findSession } from './find-session.ts'
import { READ_OUTPUT, YIELD_MS } from './info/read-output.ts'
import { Pattern } from './pattern.ts'
import { isFailed, processText } from './process-result.ts'
import { type ReadingRequest, readLast, readSession, unreadPieces } from './read-session.ts'
import type { Session } from './session.ts'
import type { Tool, ToolContext } from './tool.ts'
import { waitUntil } from './wait-until.ts'
import { createWatch, type WaitFor } from './watch.ts'

/** What comes in a burst is read at once: so long more is waited for after the first output. */
const BURST_MS = 50
const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER }

interface ReadOutputInput extends ReadingRequest {
  readonly sessionIds: readonly string[]
  readonly environment: string | undefined
  readonly yieldMs: number
  readonly waitFor: WaitFor
}

/** Reads what processes have written, and waits for more. */
export const readOutputTool: Tool<ReadOutputInput> = {
  info: READ_OUTPUT,

  parse(raw: RawArguments): ReadOutputInput {
    const grep = parseOptionalText(raw, 'grep')
    return {
      sessionIds: parseSessionIds(withAliases(raw, 'session_id', 'session_ids').session_id),
      environment: parseEnvironment(raw),
      afterSeq: parseInteger(raw, 'after_seq', ANY),
      yieldMs: parseYieldMs(raw, YIELD_MS),
      waitFor: parseWaitFor(parseOptionalText(raw, 'wait_for')),
      tailLines: parseInteger(raw, 'tail_lines', ANY),
      grep: grep ? new Pattern('grep', grep) : undefined,
      raw: parseBoolean(raw, 'raw', false),
      maxBytes: parseMaxOutputBytes(raw),
    }
  },

  async run(context, input) {
    const { clock } = context.sessions
    const startedAt = clock.now()
    const sessions = await Promise.all(
      input.sessionIds.map((id) => findSession(context, id, input.environment)),
    )
    const missed = await waitForNews(context, sessions, input)
    const wallMs = clock.now() - startedAt
    const isOneOfSeveral = sessions.length > 1
    const request = { ...input, maxBytes: Math.floor(input.maxBytes / sessions.length) }
    const texts = sessions.map((session) => {
      const reading =
        session.state.kind === 'lost' ? readLast(session, request) : readSession(session, request)
      const notes = missed.has(session) ? [missedNote(session, input)] : []
      return processText({ session, reading, wallMs, isOneOfSeveral, notes })
    })
    const text = texts.map((one) => (one.endsWith('\n') || !isOneOfSeveral ? one : `${one}\n`)).join('\n')
    return textResult(
      text,
      sessions.some(({ state }) => isFailed(state)),
    )
  },
}

/** Waits until one of the sessions has what is awaited. Gives those in which an awaited text has not come. */
async function waitForNews(
  context: ToolContext,
  sessions: readonly Session[],
  input: ReadOutputInput,
): Promise<ReadonlySet<Session>> {
  const { signal, progress } = context
  const { clock } = context.sessions
  const endsAt = clock.now() + input.yieldMs
  const watches = new Map(sessions.map((session) => [session, createWatch(session, input.waitFor, input)]))
  // One that is over and read has no news; it must not end the wait for the others.
  const isDone = ({ isOver, isFinished }: Session) => (input.waitFor.kind === 'exit' ? isOver : isFinished)
  const open = sessions.filter((session) => !isDone(session) || unreadPieces(session, input).length > 0)
  const condition = () => open.length === 0 || open.some((session) => watches.get(session)?.() !== undefined)
  const { yieldMs: timeoutMs } = input
  const hasNews = await waitUntil({ sessions, condition, clock, timeoutMs, signal, progress })
  if (hasNews && input.waitFor.kind === 'output') {
    const isQuiet = () => sessions.every(({ isOver }) => isOver)
    const timeoutMs = Math.min(BURST_MS, endsAt - clock.now())
    await waitUntil({ sessions, condition: isQuiet, clock, timeoutMs, signal })
  }
  if (input.waitFor.kind !== 'text') return new Set()
  return new Set(sessions.filter((session) => watches.get(session)?.() !== 'come'))
}

function missedNote({ isFinished }: Session, { waitFor, yieldMs }: ReadOutputInput): string {
  const text = JSON.stringify(waitFor.kind === 'text' ? waitFor.pattern.source : waitFor.kind)
  return `${text} has not come${isFinished ? ', and the process is over' : ` within ${yieldMs} ms`}`
}

function parseWaitFor(text: string | undefined): WaitFor {
  switch (text) {
    case undefined:
    case '':
    case 'output':
      return { kind: 'output' }
    case 'exit':
      return { kind: 'exit' }
  }
  return { kind: 'text', pattern: new Pattern('wait_for', text) }
}

/** One or several; some models write the array as JSON into a text. */
function parseSessionIds(value: unknown): string[] {
  const isJson = typeof value === 'string' && value.startsWith('[')
  const list = isJson ? value.split(/[\s,"[\]]+/) : [value].flat()
  const ids = list
    .filter((id) => typeof id === 'string' || typeof id === 'number')
    .map(String)
    .filter(Boolean)
  if (ids.length === 0) throw refusal('session_id is missing', 'session_id', 'box/k7f3q2')
  return [...new Set(ids)]
}
