import { forbidDirectory, takePlace } from './closed-directory.ts'
import type { Trouble } from './copy-case.ts'
import type { CopyRooms } from './copy-rooms.ts'
import type { CopyStage } from './copy-stage.ts'
import { limitFiles } from './full-disk.ts'

/** Makes the trouble. Gives what mends its cause. */
export async function inflict(
  trouble: Trouble,
  stage: CopyStage,
  rooms: CopyRooms,
): Promise<() => void | Promise<void>> {
  switch (trouble.kind) {
    case 'cut':
      stage.network(trouble.end).cut()
      return () => {}
    case 'killed': {
      const machine = stage.machine(trouble.end)
      await machine.kill()
      await new Promise((resolve) => setTimeout(resolve, trouble.downMs))
      await machine.restart()
      return () => {}
    }
    case 'server killed':
      await stage.server[Symbol.asyncDispose]()
      return () => stage.replaceServer()
    case 'gateway restarted':
      await stage.restartGateway()
      return () => {}
    case 'disk full': {
      const { pid } = stage.machine('b')
      limitFiles(pid, trouble.bytes)
      return () => limitFiles(pid, undefined)
    }
    case 'forbidden':
      return forbidDirectory(rooms.destination)
    case 'place taken':
      return takePlace(rooms.destination)
    case 'source changed':
      rooms.changeSource()
      return () => {}
    case 'source gone':
      return rooms.hideSource()
  }
}

/** How an answer may say why the copy failed. */
export function reasonOf({ kind }: Trouble): RegExp {
  switch (kind) {
    case 'disk full':
      return /\[conflict\].*(file too large|Wrote only \d+ of)/is
    case 'forbidden':
    case 'place taken':
      return /\[(denied|conflict|not_found|unavailable)\].*(permission denied|not permitted|not a directory|no such file)/is
    case 'source changed':
    case 'source gone':
      return /\[(conflict|not_found)\].*(the source changed|changed as we read it|no such|can't cd to)/is
    case 'cut':
    case 'killed':
    case 'server killed':
    case 'gateway restarted':
      return /\[(unavailable|process_lost|conflict|not_found|deadline)\]/
  }
}
