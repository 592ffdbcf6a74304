import { textResult } from '../host/tool-host.ts'
import { BridgeError } from '../util/errors.ts'
import { quoteList } from '../util/quote-list.ts'
import { parseMaxOutputBytes, parseOptionalText, parseText, type RawArguments, refusal } from './arguments.ts'
import { parseEnvironment } from './command.ts'
import { findSession } from './find-session.ts'
import { SIGNALS, TERMINATE } from './info/terminate.ts'
import { processText } from './process-result.ts'
import { readLast } from './read-session.ts'
import type { Session } from './session.ts'
import type { Tool, ToolContext } from './tool.ts'
import { waitUntil } from './wait-until.ts'

/** Patience with a process that was asked to end. */
const PATIENCE_MS = 2000
/** Patience with the executor's answer. */
const ANSWER_MS = 10_000
/** The same when it is told to kill: a connection gone silent is known as dead after 20 s, and made anew in a few more. */
const KILL_ANSWER_MS = 30_000
const INTERRUPT_CHARACTER = '\x03'
const SURVIVORS = 'processes that left the group (setsid, daemons) may still run'

type Signal = (typeof SIGNALS)[number]

interface TerminateInput {
  readonly sessionId: string
  readonly environment: string | undefined
  readonly signal: Signal | undefined
  readonly maxOutputBytes: number
}

/** Ends a process, politely first, and says what became of it. */
export const terminateTool: Tool<TerminateInput> = {
  info: TERMINATE,

  parse(raw: RawArguments): TerminateInput {
    return {
      sessionId: parseText(raw, 'session_id', 'box/k7f3q2'),
      environment: parseEnvironment(raw),
      signal: parseSignal(parseOptionalText(raw, 'signal')),
      maxOutputBytes: parseMaxOutputBytes(raw),
    }
  },

  async run(context, input) {
    const session = await findSession(context, input.sessionId, input.environment)
    const { clock } = context.sessions
    const startedAt = clock.now()
    const note = await end(context, session, input.signal)
    const reading = readLast(session, { maxBytes: input.maxOutputBytes, raw: false })
    const wallMs = clock.now() - startedAt
    return textResult(processText({ session, reading, wallMs, notes: [note] }), session.state.kind === 'lost')
  },
}

/** Ends the process in the way asked for, and tells how it went. */
function end(context: ToolContext, session: Session, signal: Signal | undefined): Promise<string> {
  if (session.isOver) return endRest(context, session)
  switch (signal) {
    case undefined:
      return endPolitely(context, session)
    case 'KILL':
      return kill(context, session)
    case 'INT':
    case 'TERM':
      return send(context, session, signal)
  }
}

async function endPolitely(context: ToolContext, session: Session): Promise<string> {
  const asked = await interrupt(session)
  if (!asked) return kill(context, session)
  if (await hasEnded(context, session)) return `It ended after ${asked}`
  return `It did not end within ${PATIENCE_MS / 1000} s after ${asked}. ${await kill(context, session)}`
}

/** Interrupts it where that can be done, and says how; an interrupt that fails is no reason not to kill. */
async function interrupt({ executor, request }: Session): Promise<string | undefined> {
  const options = { timeoutMs: ANSWER_MS }
  try {
    if (executor.features.signals.includes('INT')) {
      await executor.signal(request.processId, 'INT', options)
      return 'an interrupt (INT)'
    }
    if (!request.tty) return undefined
    await executor.write(request.processId, Buffer.from(INTERRUPT_CHARACTER), options)
    return 'Ctrl-C'
  } catch {
    return undefined
  }
}

async function kill(context: ToolContext, session: Session): Promise<string> {
  const wasRunning = await session.executor.terminate(session.request.processId, {
    timeoutMs: KILL_ANSWER_MS,
  })
  const isOver = await hasEnded(context, session)
  if (!wasRunning) return 'It was not running any more'
  return `Its whole process group was killed${isOver ? '' : ', but its end has not been seen yet'}; ${SURVIVORS}`
}

async function send(context: ToolContext, session: Session, signal: 'INT' | 'TERM'): Promise<string> {
  const { executor, request } = session
  const { signals } = executor.features
  if (!signals.includes(signal)) {
    const has = quoteList(SIGNALS.filter((one) => one === 'KILL' || signals.includes(one)))
    throw new BridgeError(
      'conflict',
      `Cannot send ${signal}: the executor of "${session.environment}" has ${has}; without signal it is interrupted where that is possible, then killed`,
    )
  }
  await executor.signal(request.processId, signal, { signal: context.signal, timeoutMs: ANSWER_MS })
  if (await hasEnded(context, session)) return `It ended after ${signal}`
  return `${signal} was sent, and it has not ended within ${PATIENCE_MS / 1000} s: terminate without signal ends it`
}

/** For a process that is over: what it started may still hold its output. */
async function endRest(context: ToolContext, session: Session): Promise<string> {
  const { state, executor, request } = session
  if (state.kind === 'lost') return 'Nothing was sent: it can no longer be reached'
  if (isClosed(session)) return 'It was over already'
  await executor.terminate(request.processId, { signal: context.signal, timeoutMs: ANSWER_MS })
  return (await wait(context, session, () => isClosed(session)))
    ? 'It was over already; what it had started has ended now'
    : `It was over already, and what it had started could not be ended: ${SURVIVORS}`
}

function isClosed({ state }: Session): boolean {
  return state.kind === 'exited' && state.output === 'closed'
}

function hasEnded(context: ToolContext, session: Session): Promise<boolean> {
  return wait(context, session, () => session.isOver)
}

function wait(context: ToolContext, session: Session, condition: () => boolean): Promise<boolean> {
  const { clock } = context.sessions
  const { signal } = context
  return waitUntil({ sessions: [session], condition, clock, timeoutMs: PATIENCE_MS, signal })
}

/** Also in the forms `SIGINT` and `int`. */
function parseSignal(text: string | undefined): Signal | undefined {
  if (text === undefined || text === '') return undefined
  const name = text.toUpperCase().replace(/^SIG/, '')
  const signal = SIGNALS.find((one) => one === name)
  if (!signal) throw refusal(`signal must be one of ${quoteList(SIGNALS)}`, 'signal', 'INT')
  return signal
}
