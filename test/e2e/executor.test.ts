import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { stdioTransport } from '../../src/rpc/stdio.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
import { McpSession } from '../support/mcp-session.ts'
import { runProgram, startProgram } from '../support/program.ts'
import { RawBridge } from '../support/raw-bridge.ts'
import { tempDirectory } from '../support/temp-directory.ts'

describe('env-mcp executor', () => {
  it('joins a gateway, says so once, and leaves when it is told to', async () => {
    await using rig = await startGatewayRig()
    await using directory = await tempDirectory()
    const tokenFile = join(directory.path, 'token')
    await writeFile(tokenFile, rig.joinToken('w', 'box'))
    await using program = startProgram(['executor', '--gateway', rig.url, '--token-file', tokenFile])
    program.child.stderr.resume()
    const lines: string[] = []
    const reader = createInterface(program.child.stdout).on('line', (line) => lines.push(line))
    await once(reader, 'line')
    expect(lines).toEqual([`Connected to ${rig.url} as "box"`])
    await using bridge = await RawBridge.open(rig.url, rig.exeId('w', 'box'), rig.workspaceToken('w'))
    const stream = bridge.resume()
    bridge.send(stream, '{"id":1,"method":"initialize","params":{"clientName":"test"}}')
    expect((await bridge.messages.take()).text).toContain('"providerId":"env-mcp"')
    program.child.kill('SIGTERM')
    expect(await program.exited).toBe(0)
    expect(lines).toHaveLength(1)
  })

  it('serves one client on standard input and output, and ends with it, and all that runs', async () => {
    await using program = startProgram(['executor', '--stdio', '--log-level', 'silent'])
    const { stdin, stdout } = program.child
    const box = await BridgeClient.open(stdioTransport(stdout, stdin), { name: 'box' })
    const process = { argv: ['/bin/sh', '-c', 'echo $$; exec sleep 1000'], cwd: '/tmp', env: {} }
    await box.start({ ...process, processId: 'p', tty: false, pipeStdin: false })
    const { chunks } = await box.read('p', { afterSeq: 0, waitMs: 5000 })
    const pid = Number(Buffer.from(chunks[0]!.bytes).toString())
    expect(isAlive(pid)).toBe(true)
    stdin.end()
    expect(await program.exited).toBe(0)
    expect(isAlive(pid)).toBe(false)
  })

  it('is confined to its root, and changes nothing when it is read-only', async () => {
    await using directory = await tempDirectory()
    await using program = startProgram(['executor', '--stdio', '--root', directory.path, '--read-only'])
    program.child.stderr.resume()
    const box = await BridgeClient.open(stdioTransport(program.child.stdout, program.child.stdin), {
      name: 'box',
    })
    expect(box.info.cwd).toBe(directory.path)
    expect(await box.list(directory.path)).toEqual([])
    const denied = (text: string) => ({ code: 'denied', message: expect.stringContaining(text) })
    await expect(box.readFile('/etc/passwd')).rejects.toMatchObject(denied('confined to'))
    const write = box.writeFile(join(directory.path, 'x'), Buffer.from('x'))
    await expect(write).rejects.toMatchObject(denied('read-only'))
    const request = {
      processId: 'p',
      argv: ['true'],
      cwd: directory.path,
      env: {},
      tty: false,
      pipeStdin: false,
    }
    await expect(box.start(request)).rejects.toMatchObject(
      denied('Cannot start "true": this executor is read-only, and starts no commands'),
    )
    program.child.stdin.end()
    expect(await program.exited).toBe(0)
  })

  it('copies what lies in its root, and to there, and nothing beyond', async () => {
    await using directory = await tempDirectory()
    const root = join(directory.path, 'root')
    const out = join(directory.path, 'out')
    await mkdir(join(root, 'd'), { recursive: true })
    await mkdir(out)
    await writeFile(join(root, 'd', 'f'), 'text')
    await symlink(out, join(root, 'link'))
    await using program = startProgram(['executor', '--root', root])
    program.child.stderr.resume()
    const [url] = await once(createInterface(program.child.stdout), 'line')
    await using agent = await McpSession.open(['--environment', `box=${url}`])
    const copy = (source_path: string, destination_path: string) =>
      agent.call('copy_path', { source_path: join(root, source_path), destination_path, recursive: true })
    expect(await copy('d/f', join(root, 'g'))).toMatch(/^Copied 1 file/)
    expect(await copy('d', join(root, 'e'))).toMatch(/^Copied 1 file/)
    expect(await readFile(join(root, 'e', 'f'), 'utf8')).toBe('text')
    for (const beyond of [join(out, 'f'), join(root, 'link', 'f')])
      expect(await copy('d/f', beyond)).toContain(
        'it leads out of the directory that this executor is confined to',
      )
    expect(await readdir(out)).toEqual([])
  })

  it.runIf(process.getuid?.() === 0)(
    'becomes another user for good, with the home of that user',
    async () => {
      await using program = startProgram(['executor', '--stdio', '--user', 'nobody'], {
        cwd: '/',
        env: { XDG_STATE_HOME: '/root/state' },
      })
      program.child.stderr.resume()
      const box = await BridgeClient.open(stdioTransport(program.child.stdout, program.child.stdin), {
        name: 'box',
      })
      const argv = ['/bin/sh', '-c', 'id -un; id -Gn | wc -w; echo $HOME $USER $XDG_STATE_HOME']
      expect(await outputOf(box, argv)).toMatch(/^nobody\n1\n(?!\/root)\S+ nobody\n$/)
      program.child.stdin.end()
      await program.exited
    },
  )

  const member = process.getuid?.() === 0 ? memberOfMoreGroups() : undefined
  it.runIf(member !== undefined)('becomes a group and no other, whatever groups its user is in', async () => {
    const flags = ['--stdio', '--user', member!, '--group', '65534']
    await using program = startProgram(['executor', ...flags], { cwd: '/' })
    program.child.stderr.resume()
    const box = await BridgeClient.open(stdioTransport(program.child.stdout, program.child.stdin), {
      name: 'box',
    })
    expect(await outputOf(box, ['/bin/sh', '-c', 'id -u; id -G'])).toMatch(/^[1-9]\d*\n65534\n$/)
    program.child.stdin.end()
    await program.exited
  })

  it.runIf(process.getuid?.() === 0)(
    'keeps output where the user it becomes may, and says when it cannot',
    async () => {
      await using program = startProgram(['executor', '--user', 'nobody'], {
        cwd: '/',
        env: { XDG_STATE_HOME: '/root/state' },
      })
      const [line] = await once(createInterface(program.child.stderr), 'line')
      expect(JSON.parse(line)).toMatchObject({
        why: expect.stringMatching(/^Cannot keep output in "(?!\/root)\S+\/env-mcp\/spool": /),
        msg: 'output beyond 1 MB of a process is not kept',
      })
    },
  )

  it('prints the file that keeps it running, and runs nothing', async () => {
    const flags = [
      '--gateway',
      'https://gw.example',
      '--token-file',
      'token',
      '--user',
      'build',
      '--print-service',
    ]
    const env = { NODE_EXTRA_CA_CERTS: 'ca.pem' }
    const { code, stdout } = await runProgram(['executor', ...flags], { env })
    expect(code).toBe(0)
    expect(stdout).toContain(`Environment=NODE_EXTRA_CA_CERTS=${process.cwd()}/ca.pem\n`)
    expect(stdout).toContain('executor --gateway https://gw.example --token-file token\n')
    expect(stdout).toContain('User=build\n')
  })

  it('leaves a group to itself in that file: the system would give it those of the user, too', async () => {
    const flags = ['--user', 'build', '--group', 'sand', '--print-service']
    const { stdout } = await runProgram(['executor', ...flags])
    expect(stdout).toContain('executor --user build --group sand\n')
    expect(stdout).not.toMatch(/^(User|Group)=/m)
  })

  it.each([
    [['--root', '/no/such/place'], 1, /no such file or directory/],
    [
      ['--spool', '/dev/null/x'],
      1,
      /Cannot keep output in "\/dev\/null\/x": .*; give another directory with --spool/,
    ],
    [['--user', 'no-such-user-at-all'], 1, /Cannot (become|change) user/],
    [['--gateway', 'http://127.0.0.1:1', '--token-file', '/no/such'], 1, /Cannot read a token from file/],
    [['--gateway', 'http://127.0.0.1:1'], 2, /Flag "--token-file" is missing/],
    [['--stdio', '--listen', 'ws://127.0.0.1:0'], 2, /exclude each other/],
  ])('refuses %j in one line', async (args, code, why) => {
    const ending = await runProgram(['executor', ...args])
    expect(ending).toMatchObject({ code, stdout: '' })
    expect(ending.stderr).toMatch(why)
    expect(ending.stderr.trim().split('\n')).toHaveLength(1)
  })
})

/** A user who is in more groups than its own. */
function memberOfMoreGroups(): string | undefined {
  const members = readFileSync('/etc/group', 'utf8').matchAll(/^[^:]+:[^:]*:\d+:([^,\n]+)/gm)
  return [...members].map(([, user]) => user).find((user) => user !== 'root')
}

async function outputOf(box: BridgeClient, argv: string[]): Promise<string> {
  await box.start({ processId: 'p', argv, cwd: '/', env: {}, tty: false, pipeStdin: false })
  const pieces: Uint8Array[] = []
  for (let afterSeq = 0, closed = false; !closed; ) {
    const read = await box.read('p', { afterSeq, waitMs: 5000 })
    pieces.push(...read.chunks.map(({ bytes }) => bytes))
    afterSeq = read.lastSeq
    closed = read.closed
  }
  return Buffer.concat(pieces).toString()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
