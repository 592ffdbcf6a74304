import type { ExecutorFeatures, ExecutorInfo } from '../protocol/executor.ts'
import type { Clock } from '../util/clock.ts'
import { BridgeError } from '../util/errors.ts'
import { askShell } from './ask-shell.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { DurableConnection, type DurableOptions } from './durable-connection.ts'
import { Files } from './files.ts'
import { type Handshake, resumeSession, shakeHands } from './handshake.ts'
import { infoFrom, mustAskShell } from './info.ts'
import { Processes } from './processes.ts'
import type { Greeting } from './reconnect.ts'

/** A session with one executor, and what was found out about it. */
export interface Session {
  readonly connection: DurableConnection
  readonly processes: Processes
  readonly files: Files
  readonly dialect: Dialect
  readonly info: ExecutorInfo
  readonly features: ExecutorFeatures
  /** Of the handshake, in ms. */
  readonly roundTripMs: number
}

/** What a session is given, beside what the executor says. */
export type SessionOptions = Omit<DurableOptions, 'connection' | 'sessionId' | 'greeting' | 'hasWriteIds'>

/** Greets the executor on its first connection, and puts together what speaks to it from then on. */
export async function beginSession(
  first: Connection,
  options: SessionOptions,
  signal: AbortSignal,
): Promise<Session> {
  const { clock, wallNow } = options
  const handshake = await shakeHands(first, clock, signal)
  const { dialect, features, rememberedMs, told, roundTripMs } = handshake
  const { sessionId, hasEnvPolicy: envPolicy, hasWriteIds } = handshake
  const greeting = greetingLike(handshake, clock)
  const connection = new DurableConnection({
    ...options,
    connection: first,
    sessionId,
    greeting,
    hasWriteIds,
  })
  const traits = { ...features, envPolicy, rememberedMs }
  const processes = new Processes({ connection, dialect, traits, clock, wallNow })
  const files = new Files({ connection, dialect, features, processes })
  const asked = mustAskShell(told) ? await askShell(processes, signal) : undefined
  return { connection, processes, files, dialect, features, roundTripMs, info: infoFrom(told, asked) }
}

/** What is known of an executor holds as long as it is the same one: an upgraded one may want other paths. */
function greetingLike(known: Handshake, clock: Clock): Greeting {
  return {
    resume: resumeSession,
    async begin(connection, signal) {
      const { sessionId, dialect, told } = await shakeHands(connection, clock, signal)
      if (dialect === known.dialect && told.executorVersion === known.told.executorVersion) return sessionId
      throw new BridgeError('conflict', 'the executor is another version now')
    },
  }
}
