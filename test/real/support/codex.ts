import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Where the fetched programs lie, and the folders of runs: beside the sources, kept out of git. */
export const CODEX_DIR = fileURLToPath(new URL('../../../.codex/', import.meta.url))

/** The versions the tests run on, and where each one's program lies in the package's `vendor/<target>/`. */
const PROGRAMS = {
  '0.169.0': 'bin/codex',
  '0.155.1': 'bin/codex',
  '0.150.1': 'bin/codex',
  '0.142.5': 'bin/codex',
  '0.137.0': 'bin/codex',
  '0.132.0': 'codex/codex',
} as const

export type CodexVersion = keyof typeof PROGRAMS

/** Those that every test of a listening exec-server runs on. */
export const CODEX_VERSIONS: readonly CodexVersion[] = ['0.169.0', '0.150.1', '0.142.5', '0.132.0']

/** One of each way in which an exec-server dials in to a gateway. */
export const REMOTE_VERSIONS: readonly CodexVersion[] = ['0.169.0', '0.155.1', '0.142.5', '0.137.0']

/**
 * The native `codex` program of that version. Fetched with `npm pack` (which checks it against the registry's
 * integrity) when it is not there yet; whole or not at all, also when several ask at the same time.
 */
export async function codexBinary(version: CodexVersion): Promise<string> {
  const name = `${version}-${process.platform}-${process.arch}`
  const home = join(CODEX_DIR, name)
  if (!existsSync(home)) await fetchPackage(`@openai/codex@${name}`, home)
  const vendor = join(home, 'vendor')
  const [target] = await readdir(vendor)
  if (!target) throw new Error(`Cannot use "${home}": "vendor" is empty; remove the folder to fetch it anew`)
  return join(vendor, target, PROGRAMS[version])
}

async function fetchPackage(spec: string, home: string): Promise<void> {
  await mkdir(CODEX_DIR, { recursive: true })
  const work = await mkdtemp(join(CODEX_DIR, 'fetch-'))
  try {
    await run('npm', ['pack', spec, '--silent', '--pack-destination', work], { cwd: work })
    const [pack] = await readdir(work)
    await run('tar', ['-xzf', join(work, pack!), '-C', work, ...UNUSED.map((part) => `--exclude=*/${part}`)])
    await rename(join(work, 'package'), home).catch((reason: unknown) => {
      if (!existsSync(home)) throw reason // otherwise somebody else was first, with the same files
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** What `exec-server` and `exec` do without: the sandbox's and the voice's programs, ripgrep. */
const UNUSED = ['codex-resources', 'codex-path', 'path']

const run = promisify(execFile)
