import { describe, expect, it } from 'vitest'
import { type Service, serviceFile } from '../../src/app/service-file.ts'

const service: Service = {
  node: '/usr/bin/node',
  program: '/opt/env mcp/dist/bin.js',
  args: [
    'executor',
    '--gateway',
    'https://gw.example',
    '--description',
    'the "big" one, 100% of $it & <more>',
  ],
  directory: '/srv',
  user: 'build',
  variables: { NODE_EXTRA_CA_CERTS: '/etc/my ca.pem' },
  secretVariable: undefined,
}

describe('serviceFile', () => {
  it('is a unit of systemd, each word as it was', () => {
    const lines = serviceFile('linux', service).split('\n')
    expect(lines).toContain(
      'ExecStart=/usr/bin/node "/opt/env mcp/dist/bin.js" executor --gateway https://gw.example --description "the \\"big\\" one, 100%% of $$it & <more>"',
    )
    expect(lines).toEqual(expect.arrayContaining(['User=build', 'WorkingDirectory=/srv', 'Restart=always']))
    expect(lines).toContain('Environment="NODE_EXTRA_CA_CERTS=/etc/my ca.pem"')
    expect(lines.some((line) => /^EnvironmentFile=/.test(line))).toBe(false)
  })

  it('is a file of launchd on macOS', () => {
    const text = serviceFile('darwin', service)
    expect(text).toContain('    <string>the "big" one, 100% of $it &amp; &lt;more&gt;</string>')
    expect(text).toContain('  <key>UserName</key>\n  <string>build</string>\n')
    expect(text).toContain(
      '    <key>NODE_EXTRA_CA_CERTS</key>\n    <string>/etc/my ca.pem</string>\n  </dict>',
    )
    expect(text).toContain('  <key>KeepAlive</key>\n  <true/>')
  })

  it.each([
    [
      'linux',
      /^# First GPU_TOKEN=… into the EnvironmentFile(.|\n)*^EnvironmentFile=\/etc\/env-mcp-executor\.env$/m,
    ],
    ['darwin', /First GPU_TOKEN into EnvironmentVariables/],
  ] as const)('says on %s which secret has to be given to it', (platform, words) => {
    expect(serviceFile(platform, { ...service, secretVariable: 'GPU_TOKEN' })).toMatch(words)
  })
})
