import type { WriteStream } from 'node:tty'
import { styleText } from 'node:util'

/** Gives a text a colour, or a weight; does nothing where there is no terminal. */
export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string

/** The paint for what is written to `output`: none unless it is a terminal, or when `NO_COLOR` is set. */
export function paintOn(output: Partial<Pick<WriteStream, 'isTTY'>>): Paint {
  const isColoured = output.isTTY === true && !process.env.NO_COLOR
  // Which stream it is for has been decided here.
  return (style, text) => (isColoured ? styleText(style, text, { validateStream: false }) : text)
}
