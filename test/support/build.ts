import { execFileSync } from 'node:child_process'

/** Builds the program once before the tests, so that those which spawn it never meet an old one. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', '--no-types'], { stdio: 'inherit' })
}
