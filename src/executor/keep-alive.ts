import type { WebSocket } from 'ws'
import type { Clock } from '../util/clock.ts'
import { EXECUTOR_LIMITS } from './limits.ts'

/**
 * Watches whether the other end of a socket lives: pings it every 10 s, and cuts it after 25 s without a sign (a message, a
 * ping, a pong, or that it took some of what waits for it). A network that just goes away tells nobody.
 */
export function keepAlive(socket: WebSocket, clock: Clock): Disposable {
  const { pingMs, deadMs } = EXECUTOR_LIMITS
  let lastSign = clock.now()
  let backlog = 0
  const sign = () => {
    lastSign = clock.now()
  }
  const look = () => {
    if (socket.bufferedAmount < backlog) sign()
    backlog = socket.bufferedAmount
    const silentMs = clock.now() - lastSign
    if (silentMs >= deadMs) return socket.terminate()
    if (socket.readyState === socket.OPEN) socket.ping()
    timer = clock.after(Math.min(pingMs, deadMs - silentMs), look)
  }
  let timer = clock.after(pingMs, look)
  socket.on('message', sign).on('ping', sign).on('pong', sign)
  return {
    [Symbol.dispose]() {
      timer[Symbol.dispose]()
      socket.off('message', sign).off('ping', sign).off('pong', sign)
    },
  }
}
