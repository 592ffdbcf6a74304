import { describe, expect, it } from 'vitest'
import type { ExecutorInfo } from '../../src/protocol/executor.ts'
import { resolvePath } from '../../src/tools/paths.ts'

const LINUX: ExecutorInfo = {
  os: 'linux',
  shell: { name: 'bash', path: '/bin/bash' },
  cwd: '/srv/app',
  home: '/home/u',
  tempDir: '/tmp',
  version: undefined,
  askedShell: false,
}
const WINDOWS: ExecutorInfo = { ...LINUX, os: 'windows', cwd: 'C:\\work', home: 'C:\\Users\\u' }

describe('resolvePath', () => {
  it.each([
    ['/srv/x', '/srv/x'],
    ['src/main.c', '/srv/app/src/main.c'],
    ['.', '/srv/app'],
    ['../other/./x', '/srv/other/x'],
    ['/a/../../b', '/b'],
    ['/srv/dir/', '/srv/dir'],
    ['~', '/home/u'],
    ['~/x y', '/home/u/x y'],
    ['~user/x', '/srv/app/~user/x'],
    ['file:///srv/a%20b', '/srv/a b'],
    ['a\\b', '/srv/app/a\\b'],
    ['C:\\x', '/srv/app/C:\\x'],
    ['"quoted"\n名', '/srv/app/"quoted"\n名'],
    ['bytes\udcff', '/srv/app/bytes\udcff'],
  ])('reads %j on Linux as %j', (text, path) => {
    expect(resolvePath(text, LINUX)).toBe(path)
  })

  it.each([
    ['C:\\x\\y', 'C:\\x\\y'],
    ['D:/x/../y', 'D:\\y'],
    ['src/main.c', 'C:\\work\\src\\main.c'],
    ['..\\x', 'C:\\x'],
    ['~\\x', 'C:\\Users\\u\\x'],
    ['~/x', 'C:\\Users\\u\\x'],
    ['\\\\server\\share\\x', '\\\\server\\share\\x'],
    ['file:///C:/a%20b', 'C:\\a b'],
    ['/x', 'C:\\x'],
  ])('reads %j on Windows as %j', (text, path) => {
    expect(resolvePath(text, WINDOWS)).toBe(path)
  })

  it('takes another base', () => {
    expect(resolvePath('x', LINUX, '/base')).toBe('/base/x')
  })

  it('refuses what is no path', () => {
    expect(() => resolvePath('', LINUX)).toThrow('The path is empty')
    expect(() => resolvePath('a\0b', LINUX)).toThrow('holds a NUL character')
    expect(() => resolvePath('file:///a%00b', LINUX)).toThrow('NUL')
    expect(() => resolvePath('~/x', { ...LINUX, home: undefined })).toThrow('as an absolute path')
  })
})
