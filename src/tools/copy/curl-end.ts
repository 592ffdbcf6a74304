import type { Executor } from '../../protocol/executor.ts'
import type { RelayTicket } from '../../protocol/relay.ts'
import { BridgeError } from '../../util/errors.ts'
import type { CallOptions } from '../../util/signals.ts'
import { MISSING, RECEIVE_FILE, RECEIVE_TREE, SEND_FILE, SEND_TREE } from './curl-scripts.ts'
import type { HttpEnd, HttpStream } from './http-end.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'
import { scriptFailure } from './script-failure.ts'
import { ScriptProcess } from './script-process.ts'

/** Of the lines that a script writes, there are few. */
const MAX_CHARS = 4096
/** What curl ends with when it is the file, or what reads or writes it, that failed. */
const CANNOT_WRITE = 23
const CANNOT_READ = 26
const CANNOT_SEND = 'cannot read the source'

/** A machine with a POSIX shell and curl, whatever its executor can. */
export class CurlEnd implements HttpEnd {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  async whyNot(options: CallOptions): Promise<string | undefined> {
    if (!hasShell(this.#executor)) return 'no POSIX shell'
    const request = { script: MISSING, args: [], action: 'cannot look for curl' }
    const missing = (await runScript(this.#executor, request, options)).trim()
    return missing === '' ? undefined : `no ${missing.split('\n').join(' and no ')}`
  }

  send(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<number | undefined> {
    const script = stream.kind === 'file' ? SEND_FILE : SEND_TREE
    const end = { script, args: argsOf(stream), url: ticket.uploadUrl, action: CANNOT_SEND }
    return this.#run(end, ticket.ticket, options)
  }

  receive(stream: HttpStream, ticket: RelayTicket, options: CallOptions): Promise<number | undefined> {
    const script = stream.kind === 'file' ? RECEIVE_FILE : RECEIVE_TREE
    const end = { script, args: argsOf(stream), url: ticket.downloadUrl, action: 'cannot write there' }
    return this.#run(end, ticket.ticket, options)
  }

  async #run(
    { script, args, url, action }: { script: string; args: string[]; url: string; action: string },
    ticket: string,
    options: CallOptions,
  ): Promise<number | undefined> {
    await using process = await ScriptProcess.start(this.#executor, script, args, options)
    await process.write(Buffer.from(`${url}\n${ticket}\n`), options)
    let said = ''
    while (process.exitCode === undefined)
      said = (said + (await process.read(options)).toString('latin1')).slice(-MAX_CHARS)
    const words = process.stderr.replaceAll(ticket, '…')
    if (process.exitCode !== 0) throw scriptFailure(action, { exitCode: process.exitCode, stderr: words })
    return outcome(said, words, action)
  }
}

function argsOf(stream: HttpStream): string[] {
  return stream.kind === 'file'
    ? [stream.path, String(stream.offset)]
    : [stream.path, stream.names, stream.holes]
}

/** What the lines of a script mean: the bytes, if any tells. Throws what went wrong: `unavailable` on the way, otherwise as the machine says it. */
function outcome(said: string, words: string, action: string): number | undefined {
  const status = Number(/^curl (\d+)$/m.exec(said)?.[1])
  const made = Number(/^made (\d+)$/m.exec(said)?.[1] ?? 0)
  const stderr = words.replace(/^passed \d+$/m, '')
  // tar that fails by itself makes the other end fail, and that cuts this one; one that was cut says so, or is killed.
  const isOwn = action === CANNOT_SEND && made < 128 && !/Broken pipe/.test(stderr)
  const hasFailed = made !== 0 && (status === 0 || isOwn)
  if (status === CANNOT_WRITE || status === CANNOT_READ || hasFailed) {
    const own = stderr.replace(/^curl: .*\n?/m, '')
    throw scriptFailure(action, { exitCode: made || status, stderr: own.trim() ? own : stderr })
  }
  if (status !== 0) {
    const [why = `curl ended with ${status}`] = /curl: .*/.exec(stderr) ?? []
    throw new BridgeError('unavailable', `through the gateway: ${why}`)
  }
  const [, bytes] = /(?:^passed |"bytes": *)(\d+)/m.exec(`${said}\n${words}`) ?? []
  return bytes === undefined ? undefined : Number(bytes)
}
