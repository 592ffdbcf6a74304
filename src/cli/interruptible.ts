/** What asks a program to end, and the exit code that says so: 128 and the signal's number, as shells have it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const
/** As of a program that SIGPIPE ended; Node has no such signal. */
const NOBODY_READS = 141

/**
 * Runs `work` so that Ctrl-C unwinds it: the first SIGINT or SIGTERM aborts its signal, as does that nobody reads standard output any
 * more, and once it has settled, whichever way, the exit code is that of the reason. A second signal ends the process at once. `work`
 * should not reject.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interruption = new AbortController()
  let reasonCode: number | undefined
  const interrupt = (code: number) => {
    reasonCode ??= code
    interruption.abort()
  }
  // Stays: every later write fails too.
  process.stdout.on('error', () => interrupt(NOBODY_READS))
  using _ = onFirstSignal(interrupt)
  const code = await work(interruption.signal)
  return reasonCode ?? code
}

function onFirstSignal(interrupt: (code: number) => void): Disposable {
  const listeners = Object.entries(EXIT_CODES).map(([name, code]) => ({
    name,
    listener() {
      stop()
      interrupt(code)
    },
  }))
  // Without a listener the system's own way is in force again.
  const stop = () => {
    for (const { name, listener } of listeners) process.off(name, listener)
  }
  for (const { name, listener } of listeners) process.on(name, listener)
  return { [Symbol.dispose]: stop }
}
