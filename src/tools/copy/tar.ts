import type { Executor } from '../../protocol/executor.ts'
import type { CallOptions } from '../../util/signals.ts'
import { runScript } from './run-script.ts'

/** Whose tar a machine has; they differ in what they know besides packing and unpacking. */
export type Tar = 'gnu' | 'bsd' | 'other' | 'none'

/** Which tar a machine has. One that is there is looked at once: a look takes as long as a hundred small files. */
export async function tarOf(executor: Executor, options: CallOptions): Promise<Tar> {
  const found = known.get(executor) ?? (await look(executor, options))
  if (found !== 'none') known.set(executor, found)
  return found
}

const known = new WeakMap<Executor, Tar>()

async function look(executor: Executor, options: CallOptions): Promise<Tar> {
  const request = { script: LOOK, args: [], action: 'cannot look for tar' }
  switch ((await runScript(executor, request, options)).trim()) {
    case 'gnu':
      return 'gnu'
    case 'bsd':
      return 'bsd'
    case 'other':
      return 'other'
  }
  return 'none'
}

const LOOK = `command -v tar >/dev/null || exit 0
case $(tar --version 2>/dev/null) in *GNU*) echo gnu ;; *bsdtar*) echo bsd ;; *) echo other ;; esac`
