import type { DirectoryEntry, FileMetadata } from '../protocol/executor.ts'
import type { DirectoryEntryResult, MetadataResult } from '../protocol/methods.ts'
import { pathFromWire } from '../protocol/paths.ts'

/** What `fs/getMetadata` tells, as tools see it; the executors differ in how much that is. */
export function metadataFrom(found: MetadataResult): FileMetadata {
  return {
    kind: kindOf(found),
    isSymlink: found.isSymlink ?? false,
    size: found.size,
    modifiedMs: found.modifiedAtMs ?? 0,
    mode: found.mode,
    replaceable: found.replaceable,
  }
}

/** One entry of `fs/readDirectory`, as tools see it. */
export function entryFrom(entry: DirectoryEntryResult): DirectoryEntry {
  return { name: nameOf(entry), kind: kindOf(entry) }
}

/** Our executor tells names that are not UTF-8 apart; a stock one has only the text, with U+FFFD in it. */
function nameOf({ fileName, nameUri }: DirectoryEntryResult): string {
  return nameUri === undefined ? fileName : pathFromWire(nameUri).slice(1)
}

function kindOf({ isFile, isDirectory }: { isFile: boolean; isDirectory: boolean }): FileMetadata['kind'] {
  if (isDirectory) return 'directory'
  return isFile ? 'file' : 'other'
}
