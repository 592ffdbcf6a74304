import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { codexBlock } from '../../../src/app/codex-block.ts'
import { killMarked, MARK, markedProcesses } from '../../support/marked-processes.ts'
import { type CodexVersion, codexBinary } from './codex.ts'
import { PROGRAM } from './mcp-client.ts'
import { ScriptedModel, type Turn } from './model.ts'
import { RunFolder } from './run-folder.ts'
import type { Transcript } from './transcript.ts'

export interface CodexExecOptions {
  readonly version: CodexVersion
  /** A name of the built-in catalogue decides how tools are offered (`gpt-6.1-sol`: code mode); any other: direct calls. */
  readonly model: string
  /** Flags of our program. */
  readonly args: readonly string[]
  readonly turns: readonly Turn[]
  /** Codex settings beyond the recommended ones, as for its `-c`. */
  readonly settings?: readonly string[]
  /** Codex's own list of machines (`environments.toml`): it works on them without us. */
  readonly environments?: string
  readonly timeoutMs: number
}

export interface CodexRun {
  /** What the model was told before its first answer. */
  readonly opening: Transcript
  /** All it was told in the end. */
  readonly transcript: Transcript
}

/**
 * Runs `codex exec` once against a scripted model, with the block for our program that users paste into their config.
 * Rejects, with what codex printed, when it fails or takes longer than `timeoutMs`, and when our program outlives it.
 */
export async function codexExec(options: CodexExecOptions): Promise<CodexRun> {
  const binary = await codexBinary(options.version)
  await using model = await ScriptedModel.start(options.turns)
  await using folder = await RunFolder.make()
  const [home, work] = [await folder.folder('home'), await folder.folder('work')]
  await writeFile(join(home, 'config.toml'), config(options, model.baseUrl))
  if (options.environments !== undefined)
    await writeFile(join(home, 'environments.toml'), options.environments)
  const mark = randomUUID()
  const settings = [`mcp_servers.env.env.${MARK}="${mark}"`, ...(options.settings ?? [])]
  const flags = ['--json', '--skip-git-repo-check', ...settings.flatMap((setting) => ['-c', setting])]
  const child = spawn(binary, ['exec', ...flags, 'Play the script.'], {
    cwd: work,
    env: { PATH: process.env.PATH ?? '', HOME: home, CODEX_HOME: home, LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  })
  try {
    await succeeds(child)
    await expect.poll(() => markedProcesses(mark), { timeout: 2000 }).toEqual([])
  } finally {
    killMarked(mark)
  }
  const { transcripts } = model
  return { opening: transcripts[0]!, transcript: transcripts.at(-1)! }
}

async function succeeds(child: ChildProcess): Promise<void> {
  const printed = Promise.all([text(child.stdout!), text(child.stderr!)])
  const [code, signal] = await once(child, 'close')
  if (code !== 0) throw new Error(`codex exec ended with ${code ?? signal}:\n${(await printed).join('\n')}`)
}

function config({ model, args }: CodexExecOptions, baseUrl: string): string {
  return `
model = ${JSON.stringify(model)}
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = ${JSON.stringify(baseUrl)}
wire_api = "responses"
requires_openai_auth = false
request_max_retries = 0
stream_max_retries = 0

${codexBlock({ node: process.execPath, program: PROGRAM }, args)}
`
}
