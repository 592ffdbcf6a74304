const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `90s`, `15m`, `1h`, `7d` in seconds, more than 0; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,8})([smhd])$/.exec(text) ?? []
  if (count === undefined || unit === undefined) return undefined
  return Number(count) * (SECONDS[unit] ?? 0) || undefined
}

/** `40 ms`, `2.5 s`, for messages. */
export function durationText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`
}
