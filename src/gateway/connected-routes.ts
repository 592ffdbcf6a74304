import type { Executor } from './executor.ts'
import type { Gate } from './gate.ts'
import type { Registry } from './registry.ts'
import type { Answer, Route } from './routes.ts'

/**
 * Which executors are connected, in both forms: the workspace is that of the token, whatever the query says. The older form
 * has the token in a header of its own.
 */
export function connectedRoutes({ gate, registry }: { gate: Gate; registry: Registry }): Route[] {
  const answer = (workspaceId: string): Answer => ({
    status: 200,
    json: registry
      .inWorkspace(workspaceId)
      .filter(({ connection }) => connection !== undefined)
      .map(entryOf),
  })
  return [
    {
      method: 'GET',
      path: '/api/exec-gateway/connected',
      answer: (ask) => answer(gate.workspace(ask).workspaceId),
    },
    {
      method: 'GET',
      path: '/internal/connected',
      answer(ask) {
        const token = ask.request.headers['x-loopback-token']
        return answer(gate.workspace(ask, typeof token === 'string' ? token : undefined).workspaceId)
      },
    },
  ]
}

function entryOf(executor: Executor) {
  const { exeId, name, description, isDefault } = executor.record
  return { exe_id: exeId, name, description, is_default: isDefault, last_seen_at: executor.lastSeenAt }
}
