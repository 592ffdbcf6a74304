import { CODEX_VERSIONS, codexBinary, REMOTE_VERSIONS } from './codex.ts'

/** Fetches every pinned codex once, before the first test, so that no test waits for a download. */
export default async function setup(): Promise<void> {
  for (const version of new Set([...CODEX_VERSIONS, ...REMOTE_VERSIONS])) await codexBinary(version)
}
