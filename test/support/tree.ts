import { createHash } from 'node:crypto'
import {
  chmodSync,
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** Makes a directory with what is hard to copy: odd names, links, modes, empty directories, depth. */
export function makeTree(root: string): void {
  mkdirSync(join(root, 'empty/deeper'), { recursive: true })
  mkdirSync(join(root, Array.from({ length: 40 }, (_, depth) => `level-${depth}`).join('/')), {
    recursive: true,
  })
  for (const name of [
    'plain',
    'with space',
    'new\nline',
    'back\\slash',
    '-rf',
    '*',
    '.hidden',
    '..twice',
    'ü☃',
    'quo\'te"s',
  ])
    writeFileSync(join(root, name), name.repeat(100))
  writeFileSync(Buffer.from(`${root}/not-utf8-\xff`, 'latin1'), 'x')
  writeFileSync(join(root, 'level-0/nothing'), '')
  writeFileSync(join(root, 'level-0/executable'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(root, 'level-0/secret'), 'x', { mode: 0o600 })
  writeFileSync(join(root, 'level-0/read-only'), 'x', { mode: 0o444 })
  writeFileSync(join(root, 'level-0/open-to-all'), 'x')
  chmodSync(join(root, 'level-0/open-to-all'), 0o666)
  chmodSync(join(root, 'empty/deeper'), 0o500)
  symlinkSync('plain', join(root, 'link'))
  symlinkSync('../nowhere', join(root, 'dangling'))
  symlinkSync('level-0', join(root, 'link-to-directory'))
}

/** All that lies in a directory, one line each with its name's bytes, kind, mode, and content or target. Times not. */
export function describeTree(root: string): string[] {
  return describe(Buffer.from(root), '.').sort()
}

function describe(path: Buffer, name: string): string[] {
  const stats = lstatSync(path)
  const mode = (stats.mode & 0o7777).toString(8)
  if (stats.isSymbolicLink()) return [`${name} -> ${readlinkSync(path, 'latin1')}`]
  if (stats.isFile())
    return [`${name} ${mode} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`]
  if (!stats.isDirectory()) return [`${name} special`]
  const entries = readdirSync(path, {
    withFileTypes: true,
    encoding: 'buffer',
  }) as unknown as Dirent<Buffer>[]
  return [
    `${name}/ ${mode}`,
    ...entries.flatMap((entry) =>
      describe(
        Buffer.concat([path, Buffer.from('/'), entry.name]),
        `${name}/${entry.name.toString('latin1')}`,
      ),
    ),
  ]
}

/** The bytes of a file, or of all files in a directory; 0 when nothing is there. */
export function bytesIn(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (!stats?.isDirectory()) return stats?.size ?? 0
  const sizes = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => lstatSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** When all that lies in a directory was modified, to the second; of links not. */
export function timesIn(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'latin1' })
  const times = names.map((name) => {
    const stats = lstatSync(Buffer.from(join(root, name), 'latin1'))
    return stats.isSymbolicLink() ? '' : `${name} ${Math.floor(stats.mtimeMs / 1000)}`
  })
  return times.sort()
}
