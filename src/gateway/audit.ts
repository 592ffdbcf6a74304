import type { AuditFile } from './audit-file.ts'
import type { CallRecord, ConnectionRecord, Watcher } from './watch.ts'

/** Writes a line of JSON for each connection and each call when it is over: who, where, what for, how much, and what came of it. */
export function auditTo(file: Pick<AuditFile, 'write'>): Watcher {
  const write = (event: string, fields: object) =>
    file.write(JSON.stringify({ time: new Date().toISOString(), event, ...fields }))
  return {
    closed: (record) => write('connection', connectionFields(record)),
    called: (record) => write('call', callFields(record)),
  }
}

function connectionFields({ from, durationMs, bytesUp, bytesDown, outcome }: ConnectionRecord): object {
  return { kind: from.kind, ...whoOf(from), bytesUp, bytesDown, durationMs: rounded(durationMs), outcome }
}

function callFields(record: CallRecord): object {
  const { facts, ids, method, processId, program, bytesUp, bytesDown, durationMs, outcome } = record
  return {
    ...whoOf({ kind: 'bridge', facts }),
    ...(ids ? { client: ids } : {}),
    ...{ method, processId, program, bytesUp, bytesDown, durationMs: rounded(durationMs), outcome },
  }
}

/** `turnId` and `userId` are those of the token, which we have signed; what a client says of itself stands under `client`. */
function whoOf(from: ConnectionRecord['from']): object {
  switch (from.kind) {
    case 'executor': {
      const { workspaceId, name, exeId, era, address } = from.facts
      return { workspaceId, environment: name, exeId, era, address }
    }
    case 'bridge': {
      const { workspaceId, name, exeId, bridgeAddress, turnId, userId } = from.facts
      return { workspaceId, environment: name, exeId, address: bridgeAddress, turnId, userId }
    }
    case 'copy':
      return from.facts
  }
}

/** µs are enough. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
