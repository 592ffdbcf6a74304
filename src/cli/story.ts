import type { WriteStream } from 'node:tty'
import { paintOn } from './paint.ts'

/** Tells a person what happens: colour on a terminal, plain lines elsewhere. */
export interface Story {
  title(text: string): void
  step(text: string, detail: string): void
  /** A tool call as an agent makes it, with what the agent gets to read. */
  call(tool: string, args: Readonly<Record<string, unknown>>, answer: string): void
  block(text: string, lines: string): void
  hint(text: string): void
  fail(text: string): void
}

/** Writes a story to `output`. `NO_COLOR` is honoured. */
export function createStory(output: WriteStream): Story {
  const paint = paintOn(output)
  const line = (text = '') => output.write(`${text}\n`)
  const indented = (text: string, mark: string) => {
    for (const row of text.trimEnd().split('\n')) line(`    ${paint('dim', mark)} ${row}`)
  }
  return {
    title: (text) => line(`\n${paint('bold', text)}\n`),
    step: (text, detail) => line(`${paint('green', '✓')} ${text}  ${paint('dim', detail)}`),
    call(tool, args, answer) {
      line(`${paint('green', '✓')} ${paint('cyan', tool)} ${paint('dim', describe(args))}`)
      indented(answer, '│')
    },
    block(text, lines) {
      line(`\n${text}\n`)
      line(paint('yellow', lines))
    },
    hint: (text) => line(`\n${paint('dim', text)}`),
    fail: (text) => line(`${paint('red', '✗')} ${text}`),
  }
}

function describe(args: Readonly<Record<string, unknown>>): string {
  return Object.entries(args)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join('  ')
}
