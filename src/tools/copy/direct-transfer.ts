import type { CopyJob, FileTransfer, FileWork, Transfer, TreeWork } from './copy-job.ts'
import { Growth } from './growth.ts'
import { hasShell } from './machine.ts'
import { runScript } from './run-script.ts'
import { REMOVE_SPECIAL_FILES } from './special-files.ts'
import { TOLERANT } from './tolerant.ts'
import { PACK, UNPACK } from './tree-scripts.ts'

/** Within one machine: a process there copies, and no byte passes through us. Modes, times and links are kept, special files left out. */
export const directTransfer: Transfer = {
  name: 'direct',
  checkTree: () => Promise.resolve(),
  file: copyFile,
  tree: copyTree,
}

async function copyFile(job: CopyJob, { partial, offset, attributes }: FileWork): Promise<FileTransfer> {
  const { source, signal } = job
  const { executor } = source
  // `cp -a` keeps links as links, and the source itself may be one.
  const path = await executor.canonicalize(source.path, { signal })
  const bytes = attributes.size ?? 0
  using growth = new Growth(job, partial, offset)
  if (hasShell(executor)) await run(job, COPY_FILE, [partial, path, offset > 0 ? String(offset) : ''])
  else await executor.copy(path, partial, { recursive: false }, { signal })
  growth.end(bytes)
  return { sha256: undefined, bytes, keepsAttributes: offset === 0 }
}

async function copyTree(job: CopyJob, { partial, names }: TreeWork): Promise<void> {
  const { source, signal } = job
  const path = await source.executor.canonicalize(source.path, { signal })
  await run(job, names === '' ? COPY_TREE : COPY_NAMES, [partial, path, names])
}

async function run({ source, signal }: CopyJob, script: string, args: readonly string[]): Promise<void> {
  await runScript(source.executor, { script, args, action: 'cannot copy it there' }, { signal })
}

const FIND_REFLINK = `case $(cp --help 2>&1) in *--reflink*) reflink=--reflink=auto ;; *) reflink= ;; esac
`

const COPY_FILE = `${FIND_REFLINK}${TOLERANT}if [ -z "$3" ]; then tolerant cp -a $reflink "$2" "$1"; exit; fi
dd if=/dev/null of="$1" bs=1 seek="$3" count=0 2>/dev/null && tail -c "+$(($3 + 1))" "$2" >> "$1"`

const COPY_TREE = `${FIND_REFLINK}${TOLERANT}tolerant cp -a $reflink "$2/." "$1" && ${REMOVE_SPECIAL_FILES}`

const COPY_NAMES = `pack() (
${PACK}
)
holes=; case $(tar --version 2>/dev/null) in *GNU*) holes=-S ;; esac
unpack() { ${UNPACK}; }
status=$( { { pack "$2" "$3" "$holes"; echo $? >&3; } | unpack "$1" >&2; } 3>&1 ) && exit "$status"
`
