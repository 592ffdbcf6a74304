import type { Answer } from '../answer.ts'

/** The text of a file; undefined where there is none. */
export type Content = string | undefined

export interface FileChange {
  readonly path: string
  readonly before: Content
  readonly after: Content
  /** What it is on the way there, on machines that cannot rename. */
  readonly between?: string
}

/** One section of a patch, and what it is to do. */
export interface PatchSection {
  readonly path: string
  readonly text: string
  readonly changes: readonly FileChange[]
}

export function addFile(path: string, after: string): PatchSection {
  const added = after.replace(/\n$/, '').replace(/^/gm, '+')
  return { path, text: `*** Add File: ${path}\n${added}`, changes: [{ path, before: undefined, after }] }
}

export function deleteFile(path: string, before: string): PatchSection {
  return { path, text: `*** Delete File: ${path}`, changes: [{ path, before, after: undefined }] }
}

export interface Insertion {
  /** Decides between which two lines; none may be there twice. */
  readonly place: number
  readonly added: string
  /** The new name of the file. */
  readonly to: string | undefined
}

/** A new line between two old ones: applied twice, it would be there twice. */
export function insertLine(path: string, before: string, { place, added, to }: Insertion): PatchSection {
  const lines = before.split('\n').slice(0, -1)
  const at = 1 + (place % Math.max(1, lines.length - 1))
  const context = (line: string | undefined) => (line === undefined ? [] : [` ${line}`])
  const hunk = ['@@', ...context(lines[at - 1]), `+${added}`, ...context(lines[at])]
  const after = [...lines.slice(0, at), added, ...lines.slice(at), ''].join('\n')
  const head = [`*** Update File: ${path}`, ...(to === undefined ? [] : [`*** Move to: ${to}`])]
  const changes =
    to === undefined
      ? [{ path, before, after }]
      : [
          { path, before, after: undefined },
          { path: to, before: undefined, after, between: before },
        ]
  return { path, text: [...head, ...hunk].join('\n'), changes }
}

/** What an answer says of the section of that path: its own line, or what it says of all. */
export function toldOf({ texts }: Answer, path: string): { isOk: boolean; text: string } {
  const text = texts.join('\n')
  const own = text
    .split('\n')
    .find((line) => /^[AMD] /.test(line) && [':', ' '].some((end) => line.startsWith(`${path}${end}`, 2)))
  return { isOk: own?.endsWith(': ok') ?? false, text: own ?? text }
}
