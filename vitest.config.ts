import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // For a test that hangs; no test waits for so long. A machine may have other things to do.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    pool: 'forks',
    // No test mocks a module, so files may share a process: a third of the time is saved. Half of the rest is waiting for children.
    isolate: false,
    maxWorkers: Math.max(4, availableParallelism()),
    // What a machine trusts besides costs each Node process that a test starts 40 ms, and proves nothing.
    env: { NODE_EXTRA_CA_CERTS: '' },
    setupFiles: ['test/support/leaks.ts'],
    globalSetup: ['test/support/home.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/{e2e,real}/**'] },
      },
      {
        // The built program, as users run it: built once before the first of these.
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], globalSetup: ['test/support/build.ts'] },
      },
    ],
  },
})
