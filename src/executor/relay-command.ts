import type { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { RelayOutcome } from '../protocol/relay.ts'
import { killTree } from './kill-tree.ts'
import { EXECUTOR_LIMITS } from './limits.ts'
import type { Program } from './program.ts'
import { downloadFrom, failureIn, type RelayAddress, RelayFailure, uploadTo } from './relay-http.ts'
import { startWithPipes } from './start-with-pipes.ts'

interface CommandPart {
  readonly program: Program
  readonly address: RelayAddress
}

/** Sends what a command writes. Its exit code is part of the outcome: what it wrote before it failed has been sent. */
export function sendOutput(part: CommandPart, signal: AbortSignal): Promise<RelayOutcome> {
  return withCommand(part, false, async ({ stdout }) => {
    let bytes = 0
    const pieces = async function* () {
      for await (const piece of stdout) {
        bytes += piece.length
        yield piece
      }
    }
    const failure = await failureIn(() => uploadTo(part.address, pieces(), undefined, signal))
    return { bytes, failure }
  })
}

/** Receives what a command reads, to its end. One that stops reading is told by its exit code. */
export function receiveInput(part: CommandPart, signal: AbortSignal): Promise<RelayOutcome> {
  return withCommand(part, true, async ({ stdout, stdin }) => {
    stdout.resume()
    let bytes = 0
    const pieces = async function* () {
      for await (const piece of downloadFrom(part.address, signal)) {
        bytes += piece.length
        yield piece
      }
    }
    const failure = await failureIn(async () => {
      try {
        await pipeline(pieces, stdin!)
      } catch (error) {
        // That it does not read on is told by its exit code.
        if (error instanceof RelayFailure || signal.aborted) throw error
      }
    })
    return { bytes, failure }
  })
}

interface Streams {
  readonly stdout: Readable
  readonly stdin: Writable | undefined
}

/** Runs it beside `work`, and waits for its end. When the work fails, so does the command. */
async function withCommand(
  { program }: CommandPart,
  pipeStdin: boolean,
  work: (streams: Streams) => Promise<RelayOutcome>,
): Promise<RelayOutcome> {
  const running = await startWithPipes(program, pipeStdin)
  const [stdout, stderr] = running.outputs.map(({ readable }) => readable)
  let isRunning = true
  const exited = running.exited.finally(() => {
    isRunning = false
  })
  const kill = () => killTree({ pid: running.pid, isRunning })
  let words = ''
  stderr!.on('data', (piece: Buffer) => {
    words = (words + piece.toString('utf8')).slice(-EXECUTOR_LIMITS.relayStderrChars)
  })
  try {
    const outcome = await work({ stdout: stdout!, stdin: running.input })
    if (outcome.failure !== undefined) kill()
    return { ...outcome, exitCode: await exited, stderr: words }
  } catch (error) {
    kill()
    await exited
    throw error
  } finally {
    for (const { readable } of running.outputs) readable.destroy()
    running.input?.destroy()
  }
}
