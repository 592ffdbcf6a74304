/** What asks a program to end, and the exit code that says so: 128 and the signal's number, as shells have it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Runs `work` so that Ctrl-C unwinds it: the first SIGINT or SIGTERM aborts its signal, and once it has settled, whichever way,
 * the exit code is that signal's. A second one ends the process at once. `work` should not reject.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const interruption = new AbortController()
  let interruptedCode: number | undefined
  const listeners = Object.entries(EXIT_CODES).map(([name, code]) => ({
    name,
    listener() {
      interruptedCode = code
      stopListening()
      interruption.abort()
    },
  }))
  // Without a listener the system's own way is in force again.
  const stopListening = () => {
    for (const { name, listener } of listeners) process.off(name, listener)
  }
  for (const { name, listener } of listeners) process.on(name, listener)
  try {
    const code = await work(interruption.signal)
    return interruptedCode ?? code
  } finally {
    stopListening()
  }
}
