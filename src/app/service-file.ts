/** A program that is to run for good. */
export interface Service {
  readonly node: string
  readonly program: string
  readonly args: readonly string[]
  /** Absolute: relative paths in the arguments begin there. */
  readonly directory: string
  readonly user: string | undefined
  /** What it needs in its environment, which is not that of this shell. */
  readonly variables: Readonly<Record<string, string>>
  /** The variable of a secret, which is not printed: who installs the file has to give it. */
  readonly secretVariable: string | undefined
}

/** The file with which the system keeps it running: of launchd on macOS, of systemd elsewhere. Begins with where it goes. */
export function serviceFile(platform: NodeJS.Platform, service: Service): string {
  return platform === 'darwin' ? launchdFile(service) : systemdUnit(service)
}

/** It comes back by itself after a lost connection; what is restarted here is only what has died. */
function systemdUnit(service: Service): string {
  const { node, program, args, directory, user, variables, secretVariable } = service
  const command = [node, program, ...args].map(systemdWord).join(' ')
  return [
    '# /etc/systemd/system/env-mcp-executor.service',
    '# systemctl daemon-reload && systemctl enable --now env-mcp-executor',
    ...(secretVariable === undefined
      ? []
      : [`# First ${secretVariable}=… into the EnvironmentFile, mode 0600`]),
    '[Unit]',
    'Description=env-mcp executor',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    `ExecStart=${command}`,
    `WorkingDirectory=${directory.replaceAll('%', '%%')}`,
    ...Object.entries(variables).map(([name, value]) => `Environment=${systemdSetting(`${name}=${value}`)}`),
    ...(secretVariable === undefined ? [] : ['EnvironmentFile=/etc/env-mcp-executor.env']),
    ...(user === undefined ? [] : [`User=${user}`]),
    'Restart=always',
    'RestartSec=5',
    'KillMode=control-group',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')
}

function launchdFile(service: Service): string {
  const { node, program, args, directory, user, variables, secretVariable } = service
  const key = (name: string, value: string) => [
    `  <key>${name}</key>`,
    `  <string>${xmlText(value)}</string>`,
  ]
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!-- /Library/LaunchDaemons/env-mcp.executor.plist',
    '     launchctl bootstrap system /Library/LaunchDaemons/env-mcp.executor.plist',
    ...(secretVariable === undefined
      ? []
      : [`     First ${secretVariable} into EnvironmentVariables, and the file readable by root alone`]),
    '-->',
    '<plist version="1.0">',
    '<dict>',
    ...key('Label', 'env-mcp.executor'),
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...[node, program, ...args].map((word) => `    <string>${xmlText(word)}</string>`),
    '  </array>',
    ...key('WorkingDirectory', directory),
    ...(user === undefined ? [] : key('UserName', user)),
    '  <key>EnvironmentVariables</key>',
    '  <dict>',
    ...Object.entries(variables).flatMap(([name, value]) => key(name, value).map((line) => `  ${line}`)),
    '  </dict>',
    '  <key>RunAtLoad</key>',
    '  <true/>',
    '  <key>KeepAlive</key>',
    '  <true/>',
    '</dict>',
    '</plist>',
  ].join('\n')
}

/** systemd splits the words of a command, and puts in what stands behind `$` too. */
function systemdWord(word: string): string {
  return systemdSetting(word.replaceAll('$', '$$$$'))
}

/** systemd puts in what stands behind `%`, and takes quotes for its own. */
function systemdSetting(text: string): string {
  const plain = text.replaceAll('%', '%%')
  return /^[\w@%+=:,./$-]+$/.test(plain)
    ? plain
    : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
