import type { Random } from '../random.ts'

/** For calls about processes: nothing of the output is left out. */
export const ALL_OUTPUT = { max_output_bytes: 1_000_000 }

/** Numbered lines that a command prints, in bursts of `burst` with a pause of `pauseMs` after each. */
export interface Printing {
  readonly lines: number
  /** Each line is filled up to about so many characters. */
  readonly width: number
  readonly burst: number
  readonly pauseMs: number
}

/** Few long pauses or many short ones, 1.5 s of them at most. */
export function drawPrinting(random: Random, mostLines: number): Printing {
  const lines = random.scale(1, mostLines)
  const pauseMs = random.pick([0, 10, 10, 30, 100])
  const mostPauses = pauseMs === 0 ? lines : 1500 / pauseMs
  const burst = Math.max(random.scale(1, 50), Math.ceil(lines / mostPauses))
  return { lines, width: random.scale(10, 200), burst, pauseMs }
}

/** The n-th line, from 1. */
export function printedLine(id: string, { width }: Printing, n: number): string {
  return `${id} line ${n} ${'.'.repeat(width)}`
}

/** Shell script that prints them. */
export function printScript(id: string, { lines, width, burst, pauseMs }: Printing): string {
  const pause = pauseMs === 0 ? '' : `[ $((i % ${burst})) -eq 0 ] && sleep ${pauseMs / 1000}`
  const print = `echo "${id} line $i ${'.'.repeat(width)}"`
  return `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); ${print}; ${pause}
done`
}

/** Shell script that notes that it was started, each time it is. */
export function noteStart(id: string): string {
  return `echo $$ >> starts/${id}`
}
