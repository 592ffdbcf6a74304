import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 10_000,
    hookTimeout: 10_000,
    pool: 'forks',
  },
})
