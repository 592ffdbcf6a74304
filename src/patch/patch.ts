/** What a patch asks for, section by section. Paths stand as they were written. */
export type FileOp = AddFile | DeleteFile | UpdateFile

/** `*** Add File`: the whole content of a file, which may be there already. */
export interface AddFile {
  readonly kind: 'add'
  readonly path: string
  readonly content: string
}

/** `*** Delete File`. */
export interface DeleteFile {
  readonly kind: 'delete'
  readonly path: string
}

/** `*** Update File`: changes within a file, a new name for it, or both. Without hunks it is a plain rename. */
export interface UpdateFile {
  readonly kind: 'update'
  readonly path: string
  readonly newPath?: string | undefined
  readonly hunks: readonly PatchHunk[]
  /** What becomes of the line end at the end of the file; absent: codex's way, there is always one after an update. */
  readonly finalLineEnd?: 'keep' | 'drop' | undefined
}

/** One place to change: the lines that are there, and what becomes of them. */
export interface PatchHunk {
  /** Whole lines the block stands after, each after the one before; codex's own format has one at most. */
  readonly anchors: readonly string[]
  readonly lines: readonly HunkLine[]
  /** The block is the end of the file. */
  readonly endOfFile: boolean
  /** The line of the patch where it begins, from 1. */
  readonly line: number
  /** Unified diffs: the line of the file (from 0) where it stood; the nearest place is taken, not the first. */
  readonly near?: number | undefined
  /** It was read loosely, so it may be applied only where no second place fits. */
  readonly unique?: boolean | undefined
}

/** A line of a hunk, without its prefix. */
export interface HunkLine {
  readonly kind: 'context' | 'remove' | 'add'
  readonly text: string
}

/** A patch as a whole. */
export interface Patch {
  /** From `*** Environment ID: name`. */
  readonly environment: string | undefined
  readonly ops: readonly FileOp[]
}

/** The texts that a hunk expects in the file: context and removed lines. */
export function expectedLines(hunk: PatchHunk): string[] {
  return textsOf(hunk, 'add')
}

/** The texts that stand there afterwards: context and added lines. */
export function resultingLines(hunk: PatchHunk): string[] {
  return textsOf(hunk, 'remove')
}

function textsOf(hunk: PatchHunk, without: HunkLine['kind']): string[] {
  const texts: string[] = []
  for (const line of hunk.lines) if (line.kind !== without) texts.push(line.text)
  return texts
}
