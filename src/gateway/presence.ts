import type { Clock } from '../util/clock.ts'
import { deferred } from '../util/deferred.ts'
import { BridgeError } from '../util/errors.ts'
import type { FrameSocket } from './frame-socket.ts'
import type { GatewayLimits } from './limits.ts'

/**
 * Watches whether the other end of a socket lives: pings it every 10 s, and closes it when it showed no sign for 25 s.
 * A network that just goes away tells nobody; without this the socket would stay for hours.
 */
export function watchPresence(socket: FrameSocket, clock: Clock, limits: GatewayLimits): Disposable {
  let timer: Disposable
  const look = () => {
    const silentMs = socket.silentMs()
    if (silentMs >= limits.deadMs)
      return socket.close(
        new BridgeError('unavailable', `No sign of life for ${Math.round(silentMs / 1000)} s`),
      )
    socket.ping()
    timer = clock.after(Math.min(limits.pingMs, limits.deadMs - silentMs), look)
  }
  timer = clock.after(limits.pingMs, look)
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
}

/** Whether the other end shows a sign of life within `probeMs`, asked by a ping. */
export async function isLive(socket: FrameSocket, clock: Clock, limits: GatewayLimits): Promise<boolean> {
  const late = deferred<boolean>()
  using _ = clock.after(limits.probeMs, () => late.resolve(false))
  const sign = socket.nextSign()
  socket.ping()
  return await Promise.race([sign, late.promise])
}
