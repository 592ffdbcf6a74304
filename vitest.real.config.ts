import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/real/**/*.real.test.ts'],
    setupFiles: ['test/support/leaks.ts'],
    globalSetup: ['test/support/build.ts', 'test/real/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // They wait most of the time: for machines that are away, and for programs.
    maxWorkers: 2,
  },
})
