import { describe, expect, it } from 'vitest'
import { compileExcludes } from '../../../src/tools/copy/excludes.ts'

describe('compileExcludes', () => {
  it.each([
    ['*.log', 'a.log', true],
    ['*.log', 'deep/in/.a.log', true],
    ['*.log', 'a.log/b', false],
    ['build/', 'x/build', true],
    ['/build', 'build', true],
    ['/build', 'x/build', false],
    ['./build', 'x/build', false],
    ['src/*.c', 'src/a.c', true],
    ['src/*.c', 'src/in/a.c', false],
    ['src/**', 'src/in/a.c', true],
    ['**/tmp/*.o', 'a/b/tmp/x.o', true],
    ['{a,b}?[0-9]', 'bx7', true],
    ['!x', 'y', false],
    ['!x', '!x', true],
    ['*', 'new\nline', true],
    ['not-*', 'not-utf8-\udcff', true],
  ])('with %j and %j is %j', (glob, path, isExcluded) => {
    expect(compileExcludes([glob])(path)).toBe(isExcluded)
  })

  it.each([
    ['', 'it names nothing'],
    ['/', 'it names nothing'],
    ['a[b', 'Missing closing: "]"'],
    ['a(b', 'Missing closing: ")"'],
  ])('refuses %j, which is not a glob', (glob, why) => {
    expect(() => compileExcludes([glob])).toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        message: expect.stringContaining(`exclude ${JSON.stringify(glob)} is not a glob: ${why}`),
      }),
    )
  })
})
