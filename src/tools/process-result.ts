import { type ToolResult, textResult } from '../host/tool-host.ts'
import type { Reading } from './read-session.ts'
import type { ProcessState, Session } from './session.ts'

export interface AnswerRequest {
  readonly session: Session
  readonly reading: Reading
  readonly wallMs: number
  /** Several sessions are answered in one text: each names itself. */
  readonly isOneOfSeveral?: boolean
  /** More to say, after what the reading says. */
  readonly notes?: readonly string[]
}

/** The result of a call about one process, in the shape that models know. A failed or lost process is an error. */
export function processResult(request: AnswerRequest): ToolResult {
  return textResult(processText(request), isFailed(request.session.state))
}

/** The text of it: how the process stands, the time the call took, the output, and notes in brackets at the end. */
export function processText({ session, reading, wallMs, isOneOfSeveral, notes = [] }: AnswerRequest): string {
  const head = [
    ...(isOneOfSeveral ? [`Session: ${session.id}`] : []),
    ...(session.isOnly ? [] : [`Environment: ${session.environment}`]),
    standing(session),
    `Wall time: ${(wallMs / 1000).toFixed(2)} seconds`,
    'Output:',
  ]
  const { output } = reading
  const said = [...reading.notes, ...notes, ...remarks(session)].map((note) => `[${note}]\n`)
  const gap = said.length > 0 && output !== '' && !output.endsWith('\n') ? '\n' : ''
  return `${head.join('\n')}\n${output}${gap}${said.join('')}`
}

/** The process ended, and not well. */
export function isFailed(state: ProcessState): boolean {
  return state.kind === 'lost' || (state.kind === 'exited' && state.exitCode !== 0)
}

function standing({ id, state }: Session): string {
  switch (state.kind) {
    case 'running':
      return `Process running with session ID ${id}`
    case 'exited':
      return `Process exited with code ${state.exitCode}`
    case 'lost':
      return `[process_lost] Session "${id}" can no longer be reached: ${state.reason.message}. Whether its process still runs is not known; this is its last output`
  }
}

/** What is to be said of a process that nothing is heard of now, and of how one has exited. */
function remarks({ id, state, executor }: Session): string[] {
  if (state.kind === 'running' && executor.away)
    return [
      `The machine is away (${executor.away}) and is tried again: that the process runs is what was heard last`,
    ]
  if (state.kind !== 'exited') return []
  const said = state.exitCode === -1 ? ['-1: a signal ended it, this executor does not tell which'] : []
  if (state.output === 'closed') return said
  // Open: its end was heard of only just now, and its last words may come after that.
  const what =
    state.output === 'open'
      ? 'More of its output may be on the way'
      : 'Something it started still runs and may write'
  return [...said, `${what}: read_output ${JSON.stringify({ session_id: id })} shows what comes`]
}
