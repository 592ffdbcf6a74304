import { BridgeError } from '../util/errors.ts'
import { type Credential, usableSecret } from './credential.ts'
import { tokenExpiry } from './token-expiry.ts'

/** Commands that fetch a token ask one server; what takes longer hangs. */
const TIMEOUT_MS = 10_000
const MAX_BYTES = 64 * 1024

export interface CommandOptions {
  readonly timeoutMs?: number
  /** ms since 1970. */
  readonly now?: () => number
}

/**
 * The secret that a program prints, white space around it dropped. `argv` is run without a shell, at most 10 s, once
 * for all who ask together. What it printed serves until it is refused, or until its own `exp` when it can be read.
 * Its error output is not repeated: it may hold secrets too.
 */
export function credentialFromCommand(argv: readonly string[], options: CommandOptions = {}): Credential {
  return new CommandCredential(argv, options)
}

class CommandCredential implements Credential {
  readonly origin: string
  readonly #argv: readonly string[]
  readonly #timeoutMs: number
  readonly #now: () => number
  #secret: string | undefined
  #running: Promise<string> | undefined

  constructor(argv: readonly string[], options: CommandOptions) {
    this.#argv = argv
    this.origin = `command ${JSON.stringify(argv[0] ?? '')}`
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS
    this.#now = options.now ?? Date.now
  }

  async read(): Promise<string> {
    const secret = this.#secret
    if (secret !== undefined && (tokenExpiry(secret) ?? Number.POSITIVE_INFINITY) > this.#now()) return secret
    return this.#fetch()
  }

  async renew(refused: string): Promise<string | undefined> {
    const secret = this.#secret === refused || !this.#secret ? await this.#fetch() : this.#secret
    return secret === refused ? undefined : secret
  }

  #fetch(): Promise<string> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #run(): Promise<string> {
    this.#secret = undefined
    const output = await firstOutput(this.#argv, this.#timeoutMs, this.origin)
    this.#secret = usableSecret(output.trim(), this.origin)
    return this.#secret
  }
}

/** What the program prints on stdout when it ends with 0; rejects with `denied` when it does not. */
async function firstOutput(argv: readonly string[], timeoutMs: number, origin: string): Promise<string> {
  const { spawn } = await import('node:child_process')
  const [program = '', ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let killed: string | undefined
    const kill = (why: string) => {
      killed ??= why
      child.kill('SIGKILL')
    }
    const fail = (why: string, cause?: unknown) => {
      clearTimeout(timer)
      reject(new BridgeError('denied', `Cannot get a token: ${origin} ${why}`, { cause }))
    }
    const timer = setTimeout(() => kill(`took longer than ${timeoutMs} ms`), timeoutMs)
    const chunks: Buffer[] = []
    let bytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength
      if (bytes <= MAX_BYTES) chunks.push(chunk)
      else kill(`printed more than ${MAX_BYTES} bytes`)
    })
    child.on('error', (error) => fail(`cannot be started (${BridgeError.from(error).code})`, error))
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (code !== 0) fail(killed ?? `ended with ${code === null ? signal : `code ${code}`}`)
      // A child of the program may hold the pipe for ever: what the program itself has not printed by now is not ours.
      setImmediate(() => child.stdout.destroy())
    })
    child.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}
