import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { BridgeClient } from '../../src/bridge/client.ts'
import { stdioTransport } from '../../src/rpc/stdio.ts'
import { startGatewayRig } from '../support/gateway-rig.ts'
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

  it.each([
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
