import { BridgeError } from '../util/errors.ts'

/**
 * Writes a text and a line break to standard output; resolves when the program may end. That nobody reads any more is no failure, as
 * behind `| head`; rejects with what else the system says.
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${text}\n`, (error) => {
      if (!error || isReaderGone(error)) resolve()
      else reject(cannotWrite(error))
    })
  })
}

/** From now on an error of standard output is told by who writes, or to nobody: it does not end the program with a stack. */
export function bearOutputErrors(): void {
  process.stdout.on('error', () => {})
}

function isReaderGone(error: Error): boolean {
  return 'code' in error && error.code === 'EPIPE'
}

function cannotWrite(error: Error): BridgeError {
  const { code, message } = BridgeError.from(error)
  return new BridgeError(code, `Cannot write to standard output: ${message}`, { cause: error })
}

/** Says in one line on standard error why the program cannot go on, or what a person should know. */
export function printError(message: string): void {
  process.stderr.write(`env-mcp: ${message.replace(/\s*\n\s*/g, ' ')}\n`)
}

/** Says why a command line cannot be used; gives the exit code for that. */
export function refuse(message: string): number {
  printError(message)
  return 2
}
