import { randomBytes } from 'node:crypto'
import type { FrameSocket } from './frame-socket.ts'
import type { GatewayLimits } from './limits.ts'
import type { ExecutorLink, NoiseHarness, RelayChannel } from './link.ts'
import type { Registration } from './registrations.ts'
import { type OpenStream, RelayLink } from './relay-link.ts'
import { relayStream } from './relay-stream.ts'
import { textLink } from './text-link.ts'

/** Room for the envelope around a message in one relay frame. */
const ENVELOPE_BYTES = 4096

/** The link that fits how an executor said it speaks. */
export function linkOf(
  registration: Registration,
  socket: FrameSocket,
  noise: NoiseHarness,
  limits: GatewayLimits,
): ExecutorLink {
  const { era } = registration
  switch (era) {
    case 'text':
    case 'direct':
      return textLink(socket, era, limits.maxMessageBytes)
    case 'relay':
      return new RelayLink(socket, { era, limits, openStream: streamsInClear(registration, limits) })
    case 'noise':
      return new RelayLink(socket, { era, limits, openStream: streamsWithNoise(registration, noise) })
  }
}

function streamsInClear({ heedsCredit }: Registration, limits: GatewayLimits): OpenStream {
  const budget = { leftBytes: limits.maxAssemblyBytes }
  const maxMessageBytes = limits.maxBridgeFrameBytes - ENVELOPE_BYTES
  const creditBytes = heedsCredit ? limits.streamCreditBytes : undefined
  return async (channel: RelayChannel) => relayStream(channel, maxMessageBytes, budget, creditBytes)
}

/** Each handshake has an authorization of its own, good until the handshake is over. */
function streamsWithNoise(registration: Registration, noise: NoiseHarness): OpenStream {
  const { environmentId, id: registrationId, key, authorizations } = registration
  return async (channel, options) => {
    if (!key) throw new Error('Internal: a Noise registration without a key')
    const authorization = randomBytes(32).toString('base64url')
    authorizations.add(authorization)
    try {
      return await noise.open(channel, { environmentId, registrationId, key, authorization }, options)
    } finally {
      authorizations.delete(authorization)
    }
  }
}
