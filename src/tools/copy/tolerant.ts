/**
 * Shell text that defines `tolerant COMMAND …`: it runs it, and when all it complains of is that modes, times or owners could not be
 * set, as on disks that have none, that is no failure and not said. tar ends with 1 or 2 then, cp with 1.
 */
export const TOLERANT = `tolerant() {
  outcome=$( { { "$@" 4>&- 2>&1 >/dev/null; echo "code $? ;" >&4; } | {
    harmless= other=
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
      *'Cannot change mode'* | *'Cannot utime'* | *'Cannot change ownership'* | *"Can't set permissions"* | *"Can't restore time"* | \\
      *'failed to preserve'* | *'preserving permissions'* | *'preserving times'* | *'setting permissions for'*) harmless=h ;;
      *'Exiting with failure'* | *'Error exit delayed'*) ;;
      *) other=o; printf '%s\\n' "$line" >&2 ;;
      esac
    done
    echo "words $harmless$other ;" >&4
  }; } 4>&1 )
  code=\${outcome##*code }
  code=\${code%% *}
  case $outcome in *'words h ;'*) [ "$code" -gt 2 ] || code=0 ;; esac
  return "$code"
}
`
