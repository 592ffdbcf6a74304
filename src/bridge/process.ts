import { BridgeError } from '../util/errors.ts'
import { FATE_OF_LOST } from './errors.ts'
import { OrderedOutput } from './output.ts'
import { Stdin } from './stdin.ts'

/** What is known here of one process on the machine. */
export class RemoteProcess {
  readonly id: string
  /** How messages name it: `process "k7f3q2" ("make")`. */
  readonly label: string
  readonly output = new OrderedOutput()
  readonly stdin: Stdin
  /** It runs, or has run, for all that is known: the executor has said so. */
  isStarted = false
  /** Another client has started it. */
  isAttached = false
  /** Whoever asked for it has given up before it was started. */
  isUnwanted = false
  /** Somebody has asked for its end. */
  isEnding = false
  /** A timer runs, or the executor is being asked, because an event is missing. */
  holeTimer: Disposable | undefined

  constructor(id: string, program: string, send: (piece: Uint8Array) => Promise<void>) {
    this.id = id
    this.label = `process ${JSON.stringify(id)} (${JSON.stringify(program.slice(0, 100))})`
    this.stdin = new Stdin(this.label, send)
  }

  /** As far as is known: somebody may still write to its output. */
  get isLive(): boolean {
    return !this.output.buffer.closed
  }

  /** Nothing more will be heard of it. `why` says what happened to the connection. */
  lose(why: string): void {
    this.holeTimer?.[Symbol.dispose]()
    this.output.skipHole()
    const { buffer } = this.output
    const rest = buffer.exited
      ? `it had exited with code ${buffer.exitCode}, the end of its output may be missing`
      : FATE_OF_LOST
    buffer.fail(new BridgeError('process_lost', `Lost ${this.label}: ${why}; ${rest}`))
  }
}
