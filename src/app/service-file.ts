/** A program that is to run for good. */
export interface Service {
  readonly node: string
  readonly program: string
  readonly args: readonly string[]
  /** Absolute: relative paths in the arguments begin there. */
  readonly directory: string
  readonly user: string | undefined
  readonly group: string | undefined
}

/** The file with which the system keeps it running: of launchd on macOS, of systemd elsewhere. Begins with where it goes. */
export function serviceFile(platform: NodeJS.Platform, service: Service): string {
  return platform === 'darwin' ? launchdFile(service) : systemdUnit(service)
}

/** It comes back by itself after a lost connection; what is restarted here is only what has died. */
function systemdUnit({ node, program, args, directory, user, group }: Service): string {
  const command = [node, program, ...args].map(systemdWord).join(' ')
  return [
    '# /etc/systemd/system/env-mcp-executor.service',
    '# systemctl daemon-reload && systemctl enable --now env-mcp-executor',
    '[Unit]',
    'Description=env-mcp executor',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    `ExecStart=${command}`,
    `WorkingDirectory=${directory.replaceAll('%', '%%')}`,
    ...(user === undefined ? [] : [`User=${user}`]),
    ...(group === undefined ? [] : [`Group=${group}`]),
    'Restart=always',
    'RestartSec=5',
    'KillMode=control-group',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')
}

function launchdFile({ node, program, args, directory, user, group }: Service): string {
  const key = (name: string, value: string) => [
    `  <key>${name}</key>`,
    `  <string>${xmlText(value)}</string>`,
  ]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!-- /Library/LaunchDaemons/env-mcp.executor.plist',
    '     launchctl bootstrap system /Library/LaunchDaemons/env-mcp.executor.plist -->',
    '<plist version="1.0">',
    '<dict>',
    ...key('Label', 'env-mcp.executor'),
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...[node, program, ...args].map((word) => `    <string>${xmlText(word)}</string>`),
    '  </array>',
    ...key('WorkingDirectory', directory),
    ...(user === undefined ? [] : key('UserName', user)),
    ...(group === undefined ? [] : key('GroupName', group)),
    '  <key>RunAtLoad</key>',
    '  <true/>',
    '  <key>KeepAlive</key>',
    '  <true/>',
    '</dict>',
    '</plist>',
  ].join('\n')
}

/** systemd splits words, and puts in what stands behind `%` and `$`. */
function systemdWord(word: string): string {
  const plain = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w@%+=:,./$-]+$/.test(plain)
    ? plain
    : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
