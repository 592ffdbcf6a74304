import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { codexBinary } from '../test/real/support/codex.ts'
import { median, ms, type Row } from './measure.ts'

const ROUNDS = 9
const HUNKS = 1000
const FILES = 1000
/** 10 MB, in lines of 63 bytes. */
const LINES = 160_000
const STEP = LINES / HUNKS
/** What may be spent on explaining why a hunk does not fit a file of 10 MB. */
const EXPLAIN_MS = 50

type Files = Readonly<Record<string, string>>
type Command = readonly string[]

/** A patch, where it is applied, and how that ends. */
interface Run {
  readonly files: Files
  readonly patch: string
  readonly exitCode: number
}

interface Case extends Run {
  readonly name: string
  readonly goal: number
}

/**
 * Where the files lie: in memory, where there is such a place. ext4 gives the inode of a removed file to no new one for a minute and
 * more, and looks at each of them when one is made: with the thousands that these rounds remove, a new file beside each old one
 * takes 0.9 ms instead of 0.1 ms, which says nothing of a program that runs once.
 */
const STAGES = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** `env-mcp apply-patch` against codex's own `apply_patch`; what each takes for an empty patch is subtracted. */
export async function benchPatch(): Promise<Row[]> {
  const folder = mkdtempSync(join(STAGES, 'env-mcp-bench-patch-'))
  try {
    const tool = join(folder, 'apply_patch')
    symlinkSync(await codexBinary('0.169.0'), tool)
    const stage = new Stage(join(folder, 'files'))
    const ours = [process.execPath, resolve('dist/bin.js'), 'apply-patch']
    const rows = cases().map((one) => compare(stage, one, { ours, codex: [tool] }))
    return [...rows, explaining(stage, ours)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function compare(
  stage: Stage,
  { name, goal, ...run }: Case,
  commands: { ours: Command; codex: Command },
): Row {
  const { ours, codex } = stage.netTimes(commands, run)
  return { name, ratio: ours / codex, goal, note: `${ms(ours)}, codex ${ms(codex)}` }
}

/** The search and the write are the same; what `--explain` adds is the explanation. */
function explaining(stage: Stage, ours: Command): Row {
  const absent = section('big.txt', ['@@', ` ${line(5)}`, `-${line(6)} absent`, ` ${line(7)}`])
  const commands = { plain: ours, explained: [...ours, '--explain'] }
  const { plain, explained } = stage.netTimes(commands, {
    files: { 'big.txt': bigFile(line) },
    patch: absent,
    exitCode: 1,
  })
  const more = Math.max(0, explained - plain)
  return {
    name: `why a hunk does not fit, 10 MB, ms / ${EXPLAIN_MS}`,
    ratio: more / EXPLAIN_MS,
    goal: 1,
    note: `${ms(more)} beyond the search`,
  }
}

/** A directory that is made anew for each run. */
class Stage {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** The median times of two commands for a patch, those for an empty one subtracted; taken in turn. */
  netTimes<K extends string>(commands: Record<K, Command>, run: Run): Record<K, number> {
    const names = Object.keys(commands) as K[]
    const times = new Map(names.map((name) => [name, { patch: [] as number[], empty: [] as number[] }]))
    for (let round = 0; round < ROUNDS; round++)
      for (const name of names) {
        times.get(name)!.empty.push(this.#time(commands[name], EMPTY))
        times.get(name)!.patch.push(this.#time(commands[name], run))
      }
    const net = ({ patch, empty }: { patch: number[]; empty: number[] }) => median(patch) - median(empty)
    return Object.fromEntries(names.map((name) => [name, net(times.get(name)!)])) as Record<K, number>
  }

  #time([program, ...args]: Command, { files, patch: input, exitCode }: Run): number {
    rmSync(this.#root, { recursive: true, force: true })
    mkdirSync(this.#root, { recursive: true })
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.#root, name)), { recursive: true })
      writeFileSync(join(this.#root, name), text)
    }
    const startedAt = performance.now()
    const { error, status } = spawnSync(program!, args, { cwd: this.#root, input, maxBuffer: 1 << 28 })
    const took = performance.now() - startedAt
    if (status !== exitCode) throw new Error(`${program} ended with ${status}`, { cause: error })
    return took
  }
}

const EMPTY: Run = { files: {}, patch: patchOf([]), exitCode: 1 }

function cases(): Case[] {
  const big = (name: string, goal: number, text: string, patch: string, exitCode = 0): Case => ({
    name: `10 MB, ${name}`,
    goal,
    files: { 'big.txt': text },
    patch,
    exitCode,
  })
  const exact = bigFile(line)
  const hunks = hunksOver(line)
  return [
    big('1000 hunks, exact', 1.5, exact, hunks),
    big('1000 hunks, CRLF', 1.5, exact.replaceAll('\n', '\r\n'), hunks),
    big('1000 hunks, anchored', 1.5, exact, hunksOver(line, { anchored: true })),
    big(
      '1000 hunks, trailing blanks differ',
      1.5,
      bigFile((at) => `${line(at)}  `),
      hunks,
    ),
    big(
      '1000 hunks, indentation differs',
      1,
      bigFile((at) => `    ${line(at)}`),
      hunks,
    ),
    big(
      '100 hunks, dash differs',
      1,
      bigFile((at) => `${line(at)}—`),
      hunksOver((at) => `${line(at)}-`, { count: 100 }),
    ),
    big('a hunk that is not there', 1.5, exact, section('big.txt', ['@@', '-absent', '+x']), 1),
    { name: '1000 small files updated', goal: 1.5, exitCode: 0, ...smallFiles() },
  ]
}

function line(at: number): string {
  return `line ${String(at).padStart(7, '0')} abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLM`
}

function bigFile(lineAt: (at: number) => string): string {
  return Array.from({ length: LINES }, (_, at) => `${lineAt(at)}\n`).join('')
}

/** Hunks all over the file: a line replaced, three around it on either side. */
function hunksOver(lineAt: (at: number) => string, { anchored = false, count = HUNKS } = {}): string {
  const hunks = Array.from({ length: count }, (_, hunk) => {
    const at = hunk * STEP + 5
    const context = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ` ${lineAt(from + i)}`)
    const head = anchored ? `@@ ${lineAt(at - 4)}` : '@@'
    return [head, ...context(at - 3, at), `-${lineAt(at)}`, `+changed ${hunk}`, ...context(at + 1, at + 4)]
  })
  return section('big.txt', hunks.flat())
}

function smallFiles(): { files: Files; patch: string } {
  const row = (file: number, at: number) => `file ${file} row ${at} ${'x'.repeat(30)}`
  const name = (file: number) => `d${file % 50}/f${file}.txt`
  const numbers = Array.from({ length: FILES }, (_, file) => file)
  const text = (file: number) => Array.from({ length: 20 }, (_, at) => `${row(file, at)}\n`).join('')
  const update = (file: number) => [
    `*** Update File: ${name(file)}`,
    ...['@@', ` ${row(file, 9)}`, `-${row(file, 10)}`, '+changed', ` ${row(file, 11)}`],
  ]
  return {
    files: Object.fromEntries(numbers.map((file) => [name(file), text(file)])),
    patch: patchOf(numbers.flatMap(update)),
  }
}

function section(path: string, lines: readonly string[]): string {
  return patchOf([`*** Update File: ${path}`, ...lines])
}

function patchOf(lines: readonly string[]): string {
  return `${['*** Begin Patch', ...lines, '*** End Patch'].join('\n')}\n`
}
