/** What a model has been told: one request body of the Responses API, read leniently. */
export class Transcript {
  readonly #body: Fields

  constructor(body: unknown) {
    this.#body = fieldsOf(body)
  }

  /** The text that the call with this id gave back; its parts are joined with newlines. Throws when there is none. */
  output(callId: string): string {
    const item = listOf(this.#body.input).find((item) => item.call_id === callId && item.output !== undefined)
    if (!item) throw new Error(`No output of call "${callId}"`)
    return textOf(item.output)
  }

  /** The first group of `pattern` in that call's output. */
  found(callId: string, pattern: RegExp): string {
    const [, value] = pattern.exec(this.output(callId)) ?? []
    if (value === undefined) throw new Error(`No ${String(pattern)} in the output of call "${callId}"`)
    return value
  }

  /** All that was said and told so far, item by item, as JSON text, without the random ids of the items. */
  get items(): readonly string[] {
    return listOf(this.#body.input).map(({ id: _, ...item }) => JSON.stringify(item))
  }

  /** The declarations of all tools as JSON text: for code mode they are an item of the input. */
  get tools(): string {
    const added = listOf(this.#body.input).filter(({ type }) => type === 'additional_tools')
    return JSON.stringify([this.#body.tools, added])
  }
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : []
}

function textOf(output: unknown): string {
  if (typeof output === 'string') return output
  const parts = listOf(output).map(({ text, image_url }) => text ?? image_url ?? '')
  return parts.join('\n')
}
