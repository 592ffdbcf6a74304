/** Anything that can list tools and call one: our own tools, a server behind us, a wrapper around either. */
export interface ToolHost {
  /** The tools this caller may use, in a fixed order. Never waits for a network. */
  list(caller: Caller): Promise<readonly ToolInfo[]>
  /**
   * Calls one. Rejects (with a `BridgeError`) when the call could not be carried out; a result with `isError`
   * is an answer of the tool. Aborting `signal` stops the work, and the call ends soon after.
   */
  call(caller: Caller, name: string, args: unknown, options: ToolCallOptions): Promise<ToolResult>
  /** Calls `listener` when the list may have changed. Gives back how to stop that. */
  onChange(listener: () => void): () => void
}

/** Who calls, as far as the front knows: ids for the log and the audit, never a reason to trust. */
export interface Caller {
  readonly client?: string | undefined
  readonly threadId?: string | undefined
  readonly turnId?: string | undefined
  readonly callId?: string | undefined
}

export interface ToolCallOptions {
  readonly signal: AbortSignal
  /** Tells the caller how far it is; does nothing when the caller did not ask. */
  readonly progress: (done: number, total?: number, message?: string) => void
}

export interface ToolInfo {
  readonly name: string
  readonly title: string
  /** For a model: short, exact, with defaults and ranges. */
  readonly description: string
  /** JSON Schema 2020-12; at most 3,500 bytes compact (codex drops all descriptions above 5,000). */
  readonly inputSchema: Readonly<Record<string, unknown>> & { readonly type: 'object' }
  readonly annotations: ToolAnnotations
}

export interface ToolAnnotations {
  readonly readOnlyHint?: boolean
  readonly destructiveHint?: boolean
  readonly idempotentHint?: boolean
  readonly openWorldHint?: boolean
}

/** Success and failure have the same shape. Text and images only: structured content would hide the text from models. */
export interface ToolResult {
  readonly content: readonly ToolContent[]
  readonly isError: boolean
}

export type ToolContent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data: string; readonly mimeType: string }

/** A result of one text. */
export function textResult(text: string, isError = false): ToolResult {
  return { content: [{ type: 'text', text }], isError }
}
