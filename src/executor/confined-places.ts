import { constants } from 'node:fs'
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises'
import { bytesFromPath, pathFromBytes } from '../protocol/paths.ts'
import { BridgeError } from '../util/errors.ts'
import { type Place, type Places, systemPath } from './places.ts'
import { Refusal, systemCodeOf } from './refusal.ts'

/** Links on one way, as Linux has it: beyond it they go in a circle. */
const MAX_LINKS = 40

/** To hold a directory without reading it. Node does not name it; the number is that of Linux on x86 and ARM. */
const O_PATH = 0o10000000

/** The directories on a way: each is told apart from what may stand under its name a moment later, where that can be done. */
interface Way {
  /** Of the directory at the end of the way. */
  readonly path: Buffer
  enter(name: string): Promise<void>
  leave(): Promise<void>
  close(): Promise<void>
}

/**
 * The places below one directory, links included: each part of a path is looked at, and a link that leads out of it is refused.
 *
 * On Linux nobody can change that way while it is gone: each directory is held open, entered without following links, and the
 * work is done in the directory that is held. Elsewhere, where Node cannot hold one, somebody who changes links inside it
 * at the very moment can lead a file operation out.
 */
export async function confinedPlaces(root: string): Promise<Places & { readonly root: string }> {
  const given = root.replace(/(?<=.)\/+$/, '')
  const real = pathFromBytes(await realpath(systemPath(root), { encoding: 'buffer' }))
  if (!(await stat(bytesFromPath(real))).isDirectory())
    throw new BridgeError('invalid_input', `Cannot confine to ${JSON.stringify(root)}: it is not a directory`)
  return new ConfinedPlaces(real, [real, given])
}

class ConfinedPlaces implements Places {
  readonly isConfined = true
  readonly root: string
  /** How paths that lie in it may begin. */
  readonly #names: readonly string[]

  constructor(root: string, names: readonly string[]) {
    this.root = root
    this.#names = names
  }

  async at<T>(path: string, links: 'follow' | 'keep', work: (place: Place) => Promise<T>): Promise<T> {
    systemPath(path)
    const way = process.platform === 'linux' ? await HeldWay.from(this.root) : new NamedWay(this.root)
    try {
      return await work(await this.#walk(way, path, links))
    } finally {
      await way.close()
    }
  }

  async #walk(way: Way, path: string, links: 'follow' | 'keep'): Promise<Place> {
    const names: string[] = []
    let rest = this.#below(path, path)
    for (let followed = 0; rest.length > 0; ) {
      const [name = '', ...later] = rest
      if (name === '..') {
        if (names.length === 0) throw leadsOut(path)
        names.pop()
        await way.leave()
        rest = later
        continue
      }
      const here = Buffer.concat([way.path, Buffer.from('/'), bytesFromPath(name)])
      const isLast = later.length === 0
      const target = isLast && links === 'keep' ? undefined : await targetOf(here)
      if (target !== undefined) {
        if (++followed > MAX_LINKS)
          throw new Refusal('invalid_input', actionOn(path), 'its links go in a circle')
        if (target.startsWith('/')) {
          rest = [...this.#below(target, path), ...later]
          while (names.pop() !== undefined) await way.leave()
        } else rest = [...partsOf(target), ...later]
        continue
      }
      names.push(name)
      if (isLast) return { path: here, real: this.#real(names) }
      await way.enter(name)
      rest = later
    }
    return { path: Buffer.concat([way.path, Buffer.from('/.')]), real: this.#real(names) }
  }

  /** The parts of an absolute path after the root. */
  #below(path: string, asked: string): string[] {
    const name = this.#names.find((one) => one === '/' || path === one || path.startsWith(`${one}/`))
    if (name === undefined) throw leadsOut(asked)
    return partsOf(path.slice(name.length))
  }

  #real(names: readonly string[]): string {
    return names.length === 0 ? this.root : `${this.root === '/' ? '' : this.root}/${names.join('/')}`
  }
}

/** Directories held open, and named by what holds them. */
class HeldWay implements Way {
  readonly #held: FileHandle[] = []

  static async from(root: string): Promise<HeldWay> {
    const way = new HeldWay()
    way.#held.push(await open(bytesFromPath(root), O_PATH | constants.O_DIRECTORY))
    return way
  }

  get path(): Buffer {
    return Buffer.from(`/proc/self/fd/${this.#held.at(-1)!.fd}`)
  }

  async enter(name: string): Promise<void> {
    const path = Buffer.concat([this.path, Buffer.from('/'), bytesFromPath(name)])
    this.#held.push(await open(path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW))
  }

  async leave(): Promise<void> {
    await this.#held.pop()?.close()
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.splice(0).map((handle) => handle.close()))
  }
}

/** Directories by their names. */
class NamedWay implements Way {
  readonly #paths: Buffer[]

  constructor(root: string) {
    this.#paths = [bytesFromPath(root)]
  }

  get path(): Buffer {
    return this.#paths.at(-1)!
  }

  async enter(name: string): Promise<void> {
    this.#paths.push(Buffer.concat([this.path, Buffer.from('/'), bytesFromPath(name)]))
  }

  async leave(): Promise<void> {
    this.#paths.pop()
  }

  async close(): Promise<void> {}
}

/** Where a link leads; undefined for what is none. */
async function targetOf(path: Buffer): Promise<string | undefined> {
  try {
    return pathFromBytes(await readlink(path, { encoding: 'buffer' }))
  } catch (error) {
    if (['EINVAL', 'ENOENT', 'UNKNOWN'].includes(systemCodeOf(error) ?? '')) return undefined
    throw error
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function actionOn(path: string): string {
  return `Cannot use ${JSON.stringify(path)}`
}

function leadsOut(path: string): Refusal {
  return new Refusal(
    'denied',
    actionOn(path),
    'it leads out of the directory that this executor is confined to',
  )
}
