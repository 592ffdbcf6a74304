import type { Logger } from '../util/log.ts'

/**
 * Signals that ask a server to end: the parent's, the terminal's, and that the terminal is gone. What it has started leads sessions of
 * its own, and would live on unseen.
 */
const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Takes over what would end this process at once, until disposed: a stop signal calls `stop`, and an error that nobody
 * caught is logged, because one call gone wrong must not take the others with it.
 */
export function watchProcess(stop: () => void, logger: Logger): Disposable {
  const onError = (error: unknown) => {
    logger.error({ stack: error instanceof Error ? error.stack : String(error) }, 'error that nobody caught')
  }
  for (const signal of STOP_SIGNALS) process.on(signal, stop)
  process.on('uncaughtException', onError).on('unhandledRejection', onError)
  return {
    [Symbol.dispose]() {
      for (const signal of STOP_SIGNALS) process.off(signal, stop)
      process.off('uncaughtException', onError).off('unhandledRejection', onError)
    },
  }
}
