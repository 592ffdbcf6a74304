import { type Executor, isRivalNow } from './executor.ts'
import { countField, type Fields, fieldsOf, listOf, optionalText, textField } from './fields.ts'
import type { Gate } from './gate.ts'
import type { Registry } from './registry.ts'
import type { Route } from './routes.ts'

/** An executor as `env-mcp gateway status` shows it. */
export interface ExecutorStatus {
  readonly workspace: string
  readonly name: string
  readonly exeId: string
  readonly isConnected: boolean
  /** How it speaks, and from where; absent when it is not connected. */
  readonly era?: string | undefined
  readonly address?: string | undefined
  readonly lastSeenAt?: string | undefined
  readonly bridges: number
  readonly sessions: number
  /** Over this connection. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Another machine that was refused under its name, and when last. */
  readonly rival?: string | undefined
}

/** Where `env-mcp gateway status` asks, with the internal secret. */
export function statusRoute({ gate, registry }: { gate: Gate; registry: Registry }): Route {
  return {
    method: 'GET',
    path: '/internal/status',
    answer(ask) {
      gate.internal(ask)
      return { status: 200, json: { executors: registry.all().map(statusOf) } }
    },
  }
}

/** Reads what the route answers; throws a plain sentence when it is something else. */
export function parseStatus(value: unknown): ExecutorStatus[] {
  return listOf(fieldsOf(value, 'the status').executors, 'the list of executors').map((entry) => {
    const fields = fieldsOf(entry, 'an executor')
    return {
      workspace: textField(fields, 'workspace'),
      name: textField(fields, 'name'),
      exeId: textField(fields, 'exeId'),
      isConnected: fields.isConnected === true,
      ...texts(fields),
      bridges: countField(fields, 'bridges'),
      sessions: countField(fields, 'sessions'),
      bytesIn: countField(fields, 'bytesIn'),
      bytesOut: countField(fields, 'bytesOut'),
    }
  })
}

function texts(fields: Fields) {
  return {
    era: optionalText(fields, 'era'),
    address: optionalText(fields, 'address'),
    lastSeenAt: optionalText(fields, 'lastSeenAt'),
    rival: optionalText(fields, 'rival'),
  }
}

/** What is the case with an executor now. */
export function statusOf(executor: Executor): ExecutorStatus {
  const { record, connection, rival } = executor
  const bridges = [...(connection?.bridges ?? [])]
  return {
    workspace: record.workspaceId,
    name: record.name,
    exeId: record.exeId,
    isConnected: connection !== undefined,
    era: connection?.link.era,
    address: connection?.address,
    lastSeenAt: executor.lastSeenAt,
    bridges: bridges.length,
    sessions: bridges.reduce((sum, bridge) => sum + bridge.streamCount, 0),
    bytesIn: connection?.socket.traffic.received ?? 0,
    bytesOut: connection?.socket.traffic.sent ?? 0,
    rival: isRivalNow(executor) ? rival?.address : undefined,
  }
}
