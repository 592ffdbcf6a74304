import { basename } from 'node:path'
import { codexBlock, type ProgramPaths } from '../app/codex-block.ts'

/** Variables in which the printed lines keep tokens. */
const TOKEN_VARIABLE = 'ENV_MCP_TOKEN'

/** How this program is called in the lines it prints. */
export function programWords({ node, program }: ProgramPaths): string {
  return basename(process.argv[1] ?? '') === 'env-mcp'
    ? 'env-mcp'
    : `${shellWord(node)} ${shellWord(program)}`
}

/** ` --state DIR`, where the state is not at its usual place. */
export function stateWords(directory: string, usual: string): string {
  return directory === usual ? '' : ` --state ${shellWord(directory)}`
}

/** The flags with which `env-mcp serve` reaches a workspace of the gateway at `url`; the token is not among them. */
export function serveFlags(url: string, workspace: string): readonly string[] {
  const bridge = `${url.replace(/^http/, 'ws')}/bridge`
  return [
    'serve',
    '--workspace-id',
    workspace,
    '--exec-gateway-url',
    bridge,
    '--exec-gateway-internal-url',
    url,
  ]
}

/** What to do after the first start: join a machine, make a token, and the block for Codex. */
export function firstSteps(paths: ProgramPaths, options: { url: string; stateWords: string }): string {
  const program = programWords(paths)
  const { url } = options
  const args = [...serveFlags(url, 'main'), '--workspace-token-env', TOKEN_VARIABLE]
  return [
    '1. Let a machine join (says what to run there):',
    `   ${program} gateway token join --workspace main --name NAME${options.stateWords}`,
    '2. Make a token for the agent:',
    `   export ${TOKEN_VARIABLE}=$(${program} gateway token workspace --workspace main --ttl 1d${options.stateWords})`,
    '3. Put this into ~/.codex/config.toml:',
    ...[...codexBlock(paths, args).split('\n'), `env_vars = ["${TOKEN_VARIABLE}"]`].map(
      (line) => `   ${line}`,
    ),
  ].join('\n')
}

/** The lines to run on a machine, by what is there. */
export function joinLines(options: { url: string; exeId: string; name: string; token: string }): string {
  const { url, exeId, name, token } = options
  const [accessKey, secret] = token.split('.')
  const remote = `codex exec-server --remote ${url} --environment-id ${exeId}`
  const isTls = url.startsWith('https:')
  const stock = isTls
    ? ['With codex 0.169 or later:', `  printf '%s\\n' '${token}' | ${remote} --registration-bearer-stdin`]
    : ['With codex 0.136 or later:', `  CODEX_API_KEY='${token}' ${remote}`]
  return [
    `Executor "${name}" is ${exeId}. ${isTls ? 'On the machine' : `On this machine, or on another in "${tunnel(url)}"`}, one of:`,
    ...stock,
    'With codex 0.154 or later, by AWS keys (serves one client at a time):',
    `  AWS_ACCESS_KEY_ID='${accessKey}' AWS_SECRET_ACCESS_KEY='${secret}' ${remote} --remote-transport direct --aws-sigv4 --aws-region us-east-1`,
    'Without codex, the token in a file:',
    `  env-mcp executor --gateway ${url} --token-file FILE`,
  ].join('\n')
}

/**
 * What joins another machine in one line, run here, where "HOST" is what ssh calls it and the gateway will: with codex on it, and
 * with this program. The token goes through the pipe: it is in no command line, and in no history.
 */
export function sshLines(options: { url: string; tokenCommand: string }): { codex: string; ours: string } {
  const { url, tokenCommand } = options
  const line = (remote: string) => `${tokenCommand} | ${tunnel(url)} '${remote}'`
  return {
    codex: line(`CODEX_API_KEY=$(cat) exec codex exec-server --remote ${url} --environment-id HOST`),
    ours: line(
      `umask 077; cat >.env-mcp-token; exec env-mcp executor --gateway ${url} --token-file .env-mcp-token`,
    ),
  }
}

/**
 * Opens a shell on another machine, in which the loopback address here is reached. Where another program has that port over there, ssh
 * alone would go on, and the token be told to that program.
 */
function tunnel(url: string): string {
  const { hostname, port } = new URL(url)
  return `ssh -o ExitOnForwardFailure=yes -R ${port || 80}:${hostname}:${port || 80} HOST`
}

/** A word as a shell takes it for one. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
