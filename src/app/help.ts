import { OPTIONS, type OptionCommand, type OptionRow, optionsOf } from './option-table.ts'

const COLUMNS = 100

/** The flags of a command for `--help`: by group, aligned, no line over 100 columns. */
export function flagHelp(command: OptionCommand): string {
  const rows = optionsOf(command)
  const width = Math.max(...rows.map((row) => signature(row).length))
  const groups = [...new Set(rows.map((row) => row.group))]
  return groups
    .map((group) => {
      const lines = rows.filter((row) => row.group === group).flatMap((row) => lineOf(row, width))
      return [`${group}:`, ...lines].join('\n')
    })
    .join('\n\n')
}

/** All flags as the table of the README. */
export function flagTable(): string {
  const rows: readonly OptionRow[] = OPTIONS
  const lines = rows.map((row) => {
    const cells = [`\`${signature(row)}\``, commandsOf(row), describe(row)]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return ['| flag | command | meaning |', '|---|---|---|', ...lines].join('\n')
}

function commandsOf({ commands }: OptionRow): string {
  const all = new Set(OPTIONS.flatMap((row): readonly string[] => row.commands))
  return commands.length === all.size ? 'all' : commands.join(', ')
}

function signature(row: OptionRow): string {
  return row.value ? `--${row.name} ${row.value}` : `--${row.name}`
}

function describe(row: OptionRow): string {
  const facts = [row.isRepeatable && 'Repeatable.', row.default && `Default: ${row.default}.`]
  return [row.description, ...facts.filter(Boolean)].join(' ')
}

/** Two columns: what to write, and what it means, wrapped. */
function lineOf(row: OptionRow, width: number): string[] {
  const [first = '', ...rest] = wrap(describe(row), COLUMNS - width - 4)
  const indent = ' '.repeat(width + 4)
  return [`  ${signature(row).padEnd(width)}  ${first}`, ...rest.map((line) => indent + line)]
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line ? `${line} ${word}` : word
  }
  return [...lines, line]
}
