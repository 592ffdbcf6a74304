import type { ClientOptions } from '@modelcontextprotocol/client'

/** How the official client may open: each mode's name, the era it ends up in, and its options. */
export const CLIENT_MODES: [name: string, era: string, options: ClientOptions][] = [
  ['legacy', 'legacy', {}],
  ['auto', 'modern', { versionNegotiation: { mode: 'auto' } }],
  ['pinned to 2026-07-28', 'modern', { versionNegotiation: { mode: { pin: '2026-07-28' } } }],
]
