import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listenExecutor } from '../../src/executor/listen.ts'
import { Spool } from '../../src/executor/spool.ts'
import { tempDirectory } from '../support/temp-directory.ts'
import { codexExec } from './support/codex-exec.ts'
import { type ModelItem, say } from './support/model.ts'

/** A call of a tool that codex has itself. */
function callOwn(callId: string, name: string, args: object): ModelItem {
  return { type: 'function_call', call_id: callId, name, arguments: JSON.stringify(args) }
}

describe('codex itself, with our executor as its environment', () => {
  test('runs commands, keeps a session on a terminal, and patches files', async () => {
    await using directory = await tempDirectory()
    const token = 'a token of its own'.replaceAll(' ', '-')
    const spool = new Spool({ directory: join(directory.path, 'spool') })
    const server = await listenExecutor({
      host: '127.0.0.1',
      port: 0,
      token,
      executor: { shared: { retainMs: 60_000, spool } },
    })
    try {
      const there = { environment_id: 'box', workdir: directory.path }
      const patch = '*** Begin Patch\n*** Add File: new.txt\n+made natively\n*** End Patch'
      const { transcript } = await codexExec({
        version: '0.169.0',
        model: 'scripted',
        args: [],
        environments: `default = "box"\n\n[[environments]]\nid = "box"\nurl = "${server.url}"\nauth_bearer_token = "${token}"\n`,
        settings: ['sandbox_mode="danger-full-access"', 'approval_policy="never"'],
        turns: [
          () => [
            callOwn('run', 'exec_command', { ...there, cmd: 'echo here; echo oops >&2; pwd; exit 3' }),
            callOwn('many', 'exec_command', { ...there, cmd: 'seq 1 100000 | tail -n 1' }),
            callOwn('ask', 'exec_command', {
              ...there,
              cmd: 'read -r line; echo "got $line"; exit 5',
              tty: true,
              yield_time_ms: 500,
            }),
          ],
          (seen) => {
            const session_id = Number(seen.found('ask', /session ID (\d+)/))
            return [callOwn('answer', 'write_stdin', { session_id, chars: 'it\n', yield_time_ms: 5000 })]
          },
          () => [callOwn('patch', 'exec_command', { ...there, cmd: `apply_patch <<'EOF'\n${patch}\nEOF` })],
          () => [say('Done.')],
        ],
        timeoutMs: 60_000,
      })
      expect(transcript.output('run')).toMatch(/^Process exited with code 3$/m)
      expect(transcript.output('run')).toContain('here\n')
      expect(transcript.output('run')).toContain(`${directory.path}\n`)
      expect(transcript.output('many')).toMatch(/^100000$/m)
      expect(transcript.output('answer')).toMatch(/^got it\r?$/m)
      expect(transcript.output('answer')).toMatch(/^Process exited with code 5$/m)
      expect(existsSync(join(directory.path, 'new.txt')), transcript.output('patch')).toBe(true)
      expect(await readFile(join(directory.path, 'new.txt'), 'utf8')).toBe('made natively\n')
    } finally {
      await server.close()
    }
  })
})
