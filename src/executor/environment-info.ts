import type { ExecutorInfo } from '../protocol/executor.ts'
import { type EnvironmentInfoResult, OUR_CAPABILITIES } from '../protocol/methods.ts'
import { uriFromPath } from '../protocol/paths.ts'

/** What this machine tells of itself in the handshake: as a stock exec-server, and what only ours can do. */
export function environmentInfoFrom(
  info: ExecutorInfo,
  options: {
    readonly sharesProcesses: boolean
    /** How long the id of a process that is over stays taken, in ms. */
    readonly rememberedMs: number
    readonly relays: boolean
  },
): EnvironmentInfoResult {
  return {
    shell: info.shell,
    ...(info.version === undefined ? {} : { executorVersion: info.version }),
    providerId: 'env-mcp',
    cwd: uriFromPath(info.cwd),
    ...(info.home === undefined ? {} : { userHomeDir: uriFromPath(info.home) }),
    platformOs: info.os,
    tempDir: uriFromPath(info.tempDir),
    capabilities: {
      fileWriteStreaming: true,
      ...Object.fromEntries(Object.values(OUR_CAPABILITIES).map((capability) => [capability, true])),
      [OUR_CAPABILITIES.sharedProcesses]: options.sharesProcesses,
      [OUR_CAPABILITIES.rememberedMs]: options.rememberedMs,
      [OUR_CAPABILITIES.relay]: options.relays,
    },
  }
}
