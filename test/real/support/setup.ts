import { CODEX_VERSIONS, codexBinary } from './codex.ts'

/** Fetches every pinned codex once, before the first test, so that no test waits for a download. */
export default async function setup(): Promise<void> {
  for (const version of CODEX_VERSIONS) await codexBinary(version)
}
