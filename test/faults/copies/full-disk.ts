import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The programs that write what is copied. */
const WRITERS = ['cat', 'cp', 'dd', 'head', 'tail', 'tar']

/**
 * The PATH of a machine on which a file that becomes too large is an error, as on a full disk, and no signal: Node takes it so by
 * itself, but gives its children back the signal.
 */
export function pathOfWriters(folder: string): string {
  mkdirSync(folder)
  for (const name of WRITERS) {
    const real = execFileSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).trim()
    writeFileSync(join(folder, name), `#!/bin/sh\ntrap '' XFSZ\nexec ${real} "$@"\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return [folder, process.env.PATH].join(delimiter)
}

/** No file that a process, or one that it will start, writes can become larger; undefined: as large as it likes. */
export function limitFiles(pid: number, bytes: number | undefined): void {
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes ?? 'unlimited'}:`])
}
