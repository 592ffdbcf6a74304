import { writeFileSync } from 'node:fs'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'

/** `read_file`: a file of numbered lines, and windows of it. */
export interface ReadingStory {
  readonly kind: 'reading'
  readonly id: string
  readonly environment: EnvironmentName
  readonly lines: number
  readonly windows: readonly Window[]
}

type Window =
  | { readonly by: 'whole' }
  | { readonly by: 'bytes'; readonly from: number; readonly length: number }
  | { readonly by: 'lines'; readonly from: number; readonly length: number }

/** How long it may take to read a file, in ms. */
const WAIT_MS = 60_000

export function drawReading(random: Random, id: string, environment: EnvironmentName): ReadingStory {
  const lines = random.scale(10, 8000)
  const windows = Array.from({ length: random.scale(1, 4) }, (): Window => {
    const by = random.pick(['whole', 'bytes', 'lines'] as const)
    if (by === 'whole') return { by }
    const from = random.integer(1, lines)
    return { by, from, length: random.scale(1, 1000) }
  })
  return { kind: 'reading', id, environment, lines, windows }
}

/** Plays it: what is read must be what is there. */
export async function playReading(story: ReadingStory, stage: Stage): Promise<void> {
  const { id, environment, lines } = story
  const all = Array.from({ length: lines }, (_, n) => `${id} line ${n + 1} of a file\n`)
  writeFileSync(stage.path(environment, id), all.join(''))
  for (const window of story.windows) {
    const { args, text } = viewOf(all, window)
    const call = { environment_id: environment, path: id, max_output_bytes: 1_000_000, ...args }
    const answer = await stage.call('read_file', call, WAIT_MS)
    const [read = ''] = answer.texts
    if (answer.isError) stage.failed(`read_file of ${id}`, read, environment)
    else if (read !== text)
      stage.violate('output', `of read_file ${JSON.stringify(args)} of ${id} is not what is there`)
  }
}

function viewOf(lines: readonly string[], window: Window): { args: object; text: string } {
  switch (window.by) {
    case 'whole':
      return { args: {}, text: lines.join('') }
    case 'bytes': {
      const { from, length } = window
      return { args: { offset: from, limit: length }, text: lines.join('').slice(from, from + length) }
    }
    case 'lines': {
      const { from, length } = window
      const text = lines.slice(from - 1, from - 1 + length).join('')
      return { args: { start_line: from, line_count: length }, text }
    }
  }
}
