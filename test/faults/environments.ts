/** The two machines of a schedule. */
export type EnvironmentName = 'a' | 'b'
export const ENVIRONMENTS = ['a', 'b'] as const satisfies readonly EnvironmentName[]
