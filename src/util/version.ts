/** Put in by the build, from package.json. */
declare const __VERSION__: string | undefined

/** The version of this program; `dev` when it runs from its sources. */
export const VERSION = typeof __VERSION__ === 'string' ? __VERSION__ : 'dev'
