/** Writes a text and a line break to standard output; resolves when the program may end. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => void process.stdout.write(`${text}\n`, () => resolve()))
}

/** Says in one line on standard error why the program cannot go on. */
export function printError(message: string): void {
  process.stderr.write(`env-mcp: ${message.replace(/\s*\n\s*/g, ' ')}\n`)
}

/** Says why a command line cannot be used; gives the exit code for that. */
export function refuse(message: string): number {
  printError(message)
  return 2
}
