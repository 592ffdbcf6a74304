import { AskedProcess } from '../asked-process.ts'
import type { EnvironmentName } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'
import { noteStart } from './script.ts'

/** `shell`, given up by the client while it runs. */
export interface CancellingStory {
  readonly kind: 'cancelling'
  readonly id: string
  readonly environment: EnvironmentName
  readonly afterMs: number
}

export function drawCancelling(random: Random, id: string, environment: EnvironmentName): CancellingStory {
  return { kind: 'cancelling', id, environment, afterMs: random.scale(1, 800) }
}

/** Plays it: whether it had started or not, in the end nothing of it runs. */
export async function playCancelling(story: CancellingStory, stage: Stage): Promise<void> {
  const { id, environment, afterMs } = story
  const script = [noteStart(id), 'while true; do echo "still here"; sleep 0.1; done'].join('\n')
  const process = new AskedProcess(stage, environment, id)
  process.standing = 'stopped'
  await stage.callAndCancel('shell', { environment_id: environment, command: ['sh', '-c', script] }, afterMs)
}
