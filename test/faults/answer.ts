/** What a model reads of one result. */
export interface Answer {
  /** Its parts that are text. */
  readonly texts: readonly string[]
  readonly isError: boolean
}

/** A part of a process's output, as one answer gives it. */
export interface OutputPart {
  readonly text: string
  /** Notes follow, on lines of their own: an end of line in front of them may not be the process's. */
  readonly hasNotes: boolean
}

/** What an answer about a process says. */
export type ProcessAnswer =
  /** Also of one that has exited, while its last output may be on the way. */
  | { readonly kind: 'running'; readonly sessionId: string; readonly output: OutputPart }
  | { readonly kind: 'exited'; readonly exitCode: number; readonly output: OutputPart }
  | { readonly kind: 'lost'; readonly text: string; readonly output: OutputPart }
  | { readonly kind: 'failed'; readonly text: string }

/** Reads an answer about a process. */
export function parseProcessAnswer({ texts }: Answer): ProcessAnswer {
  const text = texts.join('\n')
  const [whole, head] = /^(.*?)^Output:\n/ms.exec(text) ?? ['', undefined]
  if (head === undefined) return { kind: 'failed', text }
  const output = parseOutput(text.slice(whole.length))
  const [, sessionId] =
    /^Process running with session ID (\S+)$/m.exec(head) ??
    /^\[More of its output may be on the way: read_output \{"session_id":"(.*?)"\}/m.exec(text) ??
    []
  if (sessionId) return { kind: 'running', sessionId, output }
  const [, exitCode] = /^Process exited with code (-?\d+)$/m.exec(head) ?? []
  if (exitCode) return { kind: 'exited', exitCode: Number(exitCode), output }
  return { kind: 'lost', text: head, output }
}

/** True for words that leave open whether something was done. */
export function isDoubtful(text: string): boolean {
  return /\bunknown\b|\bmay (still )?have\b|\bnot known\b/i.test(text)
}

/** Our commands write no line that begins with a bracket. */
function parseOutput(text: string): OutputPart {
  const [notes] = /(?<=^|\n)(?:\[[^\n]*\]\n?)+$/.exec(text) ?? ['']
  return { text: text.slice(0, text.length - notes.length), hasNotes: notes !== '' }
}
