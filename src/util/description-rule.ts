/** The longest description of a machine, in characters: it goes into what a model reads. */
export const MAX_DESCRIPTION = 1000
