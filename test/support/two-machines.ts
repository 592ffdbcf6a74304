import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalExecutor } from '../../src/executor/local.ts'
import type { ToolCallOptions } from '../../src/host/tool-host.ts'
import type { Executor, ExecutorFeatures } from '../../src/protocol/executor.ts'
import { copyPathTool } from '../../src/tools/copy-path.ts'
import { SessionStore } from '../../src/tools/sessions.ts'
import type { Tool, ToolContext, Workspace } from '../../src/tools/tool.ts'
import { type Clock, systemClock } from '../../src/util/clock.ts'
import { WindowsExecutor } from './windows-executor.ts'
import { type ExecutorChanges, WrappedExecutor } from './wrapped-executor.ts'

/** What an exec-server before 0.140 cannot do, and does not tell. */
export const OLD: ExecutorChanges = {
  features: { writeBlocks: false, readBlocks: false, closeStdin: false, rename: false, hash: false },
  metadata: (metadata) => ({ ...metadata, mode: undefined, size: undefined }),
}

/** What is different at a machine; `windows`: it is one, with these features. */
export type MachineChanges = ExecutorChanges & { readonly windows?: Partial<ExecutorFeatures> }

/** Two machines, each a directory of this one with an executor of its own, and `copy_path` between them. */
export class TwoMachines implements AsyncDisposable {
  readonly a: WrappedExecutor
  readonly b: WrappedExecutor
  /** A third one, as it is. */
  readonly c: WrappedExecutor
  readonly #sessions: SessionStore
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'copy-path-')))

  constructor(
    { a = {}, b = {} }: { a?: MachineChanges; b?: MachineChanges } = {},
    clock: Clock = systemClock,
  ) {
    this.#sessions = new SessionStore(clock)
    mkdirSync(this.path('a'))
    mkdirSync(this.path('b'))
    mkdirSync(this.path('c'))
    this.a = machine(this.path('a'), a)
    this.b = machine(this.path('b'), b)
    this.c = machine(this.path('c'))
  }

  /** The path of a place on a machine, such as `b/x/y`. */
  path(place: string): string {
    return join(this.#root, place)
  }

  /** Copies with paths relative to each machine's directory; gives the text of the answer. */
  async copy(
    args: Readonly<Record<string, unknown>>,
    options: Partial<ToolCallOptions> = {},
  ): Promise<string> {
    const names = { source_environment_id: 'a', destination_environment_id: 'b' }
    return this.call(copyPathTool, { ...names, ...args }, options)
  }

  /** Calls any tool; gives the text of the answer. */
  async call<Input>(
    tool: Tool<Input>,
    args: Readonly<Record<string, unknown>>,
    options: Partial<ToolCallOptions> = {},
  ): Promise<string> {
    const result = await tool.run(this.#context(options), tool.parse(args))
    return result.content.map((content) => (content.type === 'text' ? content.text : '')).join('')
  }

  /** Lets go of all sessions, as a server does that ends. */
  async endSessions(): Promise<void> {
    this.#sessions[Symbol.dispose]()
    await this.#sessions.hosted()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endSessions()
    await Promise.all([this.a, this.b, this.c].map((one) => one[Symbol.asyncDispose]()))
    rmSync(this.#root, { recursive: true, force: true })
  }

  #context(options: Partial<ToolCallOptions>): ToolContext {
    const machines = new Map([
      ['a', this.a],
      ['b', this.b],
      ['c', this.c],
    ])
    return {
      signal: new AbortController().signal,
      progress: () => {},
      ...options,
      caller: {},
      open: async (name = 'a') => workspace(name, machines.get(name)),
      environments: () => Promise.reject(new Error('not asked for')),
      sessions: this.#sessions,
    }
  }
}

function workspace(name: string, executor: Executor | undefined): Workspace {
  if (!executor) throw new Error(`No machine ${name}`)
  const target = { kind: 'direct', url: `ws://${name}` } as const
  const environment = { name, description: '', isDefault: name === 'a', lastSeenAt: undefined, target }
  return { environment, executor, isOnly: false }
}

/** An executor of this machine with a working directory of its own. */
export function machine(cwd: string, changes: MachineChanges = {}): WrappedExecutor {
  const executor = new LocalExecutor({ cwd })
  if (changes.windows) return new WindowsExecutor(executor, changes.windows)
  return new WrappedExecutor(executor, changes)
}

/** A machine whose shell begins every script with these lines. */
export function withShellLines(lines: string): ExecutorChanges {
  return {
    start: (request) => {
      const [shell = '', option = '', script = '', ...rest] = request.argv
      return { ...request, argv: [shell, option, `${lines}\n${script}`, ...rest] }
    },
  }
}

/** A machine that has not these programs. */
export function withoutPrograms(...programs: readonly string[]): ExecutorChanges {
  return withShellLines(`command() { case $2 in ${programs.join('|')}) return 1 ;; esac; type "$2"; }`)
}
