import { ENVIRONMENTS } from '../environments.ts'
import type { Random } from '../random.ts'
import type { Stage } from '../stage.ts'
import { type CancellingStory, drawCancelling, playCancelling } from './cancelling.ts'
import { type CommandStory, drawCommand, playCommand } from './command.ts'
import { type CopyingStory, drawCopying, playCopying } from './copying.ts'
import { drawPatching, type PatchingStory, playPatching } from './patching.ts'
import { drawReading, playReading, type ReadingStory } from './reading.ts'
import { drawSession, playSession, type SessionStory } from './session.ts'

/** Some calls that belong together, with what must come of them. */
export type Story =
  | CommandStory
  | SessionStory
  | ReadingStory
  | PatchingStory
  | CopyingStory
  | CancellingStory

/** Draws one. `id` is its own in its schedule. */
export function drawStory(random: Random, id: string): Story {
  const environment = random.pick(ENVIRONMENTS)
  switch (random.weighted({ command: 6, session: 6, reading: 2, patching: 4, copying: 3, cancelling: 1 })) {
    case 'command':
      return drawCommand(random, id, environment)
    case 'session':
      return drawSession(random, id, environment)
    case 'reading':
      return drawReading(random, id, environment)
    case 'patching':
      return drawPatching(random, id, environment)
    case 'copying':
      return drawCopying(random, id, environment)
    case 'cancelling':
      return drawCancelling(random, id, environment)
  }
}

/** Plays it. Rejects with `StoryOver` when it cannot go on. */
export function playStory(story: Story, stage: Stage): Promise<void> {
  switch (story.kind) {
    case 'command':
      return playCommand(story, stage)
    case 'session':
      return playSession(story, stage)
    case 'reading':
      return playReading(story, stage)
    case 'patching':
      return playPatching(story, stage)
    case 'copying':
      return playCopying(story, stage)
    case 'cancelling':
      return playCancelling(story, stage)
  }
}
