import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import { enterable } from './enterable.ts'
import { pipes } from './pipes.ts'
import type { Program, Running } from './program.ts'
import { explainStart } from './start-failure.ts'

/** Starts a program with pipes, as the leader of a session and group of its own. Rejects with why it did not start. */
export async function startWithPipes(program: Program, pipeStdin: boolean): Promise<Running> {
  const taken = await pipes.take(2)
  const [out, err] = taken ?? []
  try {
    using directory = await enterable(program.cwd)
    const stdio = [pipeStdin ? 'pipe' : 'ignore', out?.writeFd ?? 'pipe', err?.writeFd ?? 'pipe'] as const
    const child = spawnProgram(program, { cwd: directory.path, stdio: [...stdio] })
    const exited = exitOf(child)
    await once(child, 'spawn')
    return {
      pid: child.pid!,
      outputs: [
        { stream: 'stdout', readable: out?.readable ?? child.stdout! },
        { stream: 'stderr', readable: err?.readable ?? child.stderr! },
      ],
      input: child.stdin ?? undefined,
      canCloseInput: true,
      exited,
    }
  } catch (error) {
    for (const pipe of taken ?? []) pipe.readable.destroy()
    throw await explainStart(error, program)
  } finally {
    for (const pipe of taken ?? []) closeSync(pipe.writeFd)
  }
}

function spawnProgram({ argv, arg0, variables }: Program, options: SpawnOptions): ChildProcess {
  const child = spawn(argv[0]!, argv.slice(1), {
    ...options,
    ...(arg0 === undefined ? {} : { argv0: arg0 }),
    env: { ...variables },
    detached: true,
    windowsHide: true,
  })
  // After it has started, errors only tell that a signal could not be sent; we send them ourselves.
  child.on('error', () => {})
  return child
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
  })
}
