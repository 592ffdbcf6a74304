import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { bytesFromPath } from '../protocol/paths.ts'
import { type Program, startAction } from './program.ts'
import { Refusal, refusalFrom, systemCodeOf } from './refusal.ts'

/** Where a name is looked for when the environment has no PATH: what the C library does. */
const DEFAULT_PATH = '/usr/bin:/bin'

/**
 * Why a program did not start, in words to act on. The system says the same (`ENOENT`, `EACCES`) of a program, of the
 * interpreter a script names and of the working directory, so each is looked at.
 */
export async function explainStart(error: unknown, program: Program): Promise<unknown> {
  const systemCode = systemCodeOf(error)
  const isUnclear = systemCode === 'ENOENT' || systemCode === 'EACCES' || systemCode === 'ENOTDIR'
  const flaw = isUnclear ? ((await flawOf(program)) ?? interpreterFlaw(systemCode)) : undefined
  if (!flaw) return refusalFrom(error, startAction(program.argv))
  return new Refusal(flaw.code, startAction(program.argv), flaw.reason, { cause: error })
}

/** Throws what is wrong with a program before it is tried: for a way of starting that does not tell. */
export async function requireStartable(program: Program): Promise<void> {
  const flaw = await flawOf(program)
  if (flaw) throw new Refusal(flaw.code, startAction(program.argv), flaw.reason)
}

interface Flaw {
  readonly code: 'not_found' | 'denied'
  readonly reason: string
}

async function flawOf(program: Program): Promise<Flaw | undefined> {
  return (await flawOfDirectory(program.cwd)) ?? (await flawOfProgram(program))
}

async function flawOfDirectory(cwd: string): Promise<Flaw | undefined> {
  const quoted = JSON.stringify(cwd)
  const path = bytesFromPath(cwd)
  try {
    if (!(await stat(path)).isDirectory())
      return { code: 'not_found', reason: `${quoted} is not a directory to work in` }
    await access(path, constants.X_OK)
    return undefined
  } catch (error) {
    if (systemCodeOf(error) === 'EACCES')
      return { code: 'denied', reason: `permission denied to work in ${quoted}` }
    return { code: 'not_found', reason: `no such file or directory ${quoted} to work in` }
  }
}

async function flawOfProgram({ argv, cwd, variables }: Program): Promise<Flaw | undefined> {
  const [name = ''] = argv
  const isPath = name.includes('/')
  const places = isPath ? [''] : (variables.PATH ?? DEFAULT_PATH).split(':')
  let denied: string | undefined
  for (const place of places) {
    const path = place ? `${place}/${name}` : name
    const lack = await lackOf(path.startsWith('/') ? path : `${cwd}/${path}`)
    if (!lack) return undefined
    if (lack !== 'missing') denied ??= `permission denied: ${JSON.stringify(path)} is ${lack}`
  }
  if (denied) return { code: 'denied', reason: denied }
  if (!isPath) return { code: 'not_found', reason: 'no such file in the directories of PATH' }
  return {
    code: 'not_found',
    reason: name.startsWith('/') ? 'no such file' : `no such file in ${JSON.stringify(cwd)}`,
  }
}

/** What keeps the file from being executed. */
async function lackOf(file: string): Promise<'missing' | 'a directory' | 'not executable' | undefined> {
  const path = bytesFromPath(file)
  try {
    if ((await stat(path)).isDirectory()) return 'a directory'
    await access(path, constants.X_OK)
    return undefined
  } catch (error) {
    return systemCodeOf(error) === 'EACCES' ? 'not executable' : 'missing'
  }
}

/** Program and directory are there, so it is the program that the first line of a script names. */
function interpreterFlaw(systemCode: string): Flaw | undefined {
  if (systemCode !== 'ENOENT') return undefined
  return { code: 'not_found', reason: 'no such file as the interpreter that it names in its first line' }
}
