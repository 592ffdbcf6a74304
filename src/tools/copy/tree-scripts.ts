import { REMOVE_SPECIAL_FILES } from './special-files.ts'
import { TOLERANT } from './tolerant.ts'

/**
 * Shell text that packs the directory $1 as a tar stream: all of it, or, when $2 is not empty, what the list in the file $2
 * names (see `names-file.ts`). $3: `-S` where files with holes shall keep them. tar of GNU and the BSDs takes names ended by a NUL.
 */
export const PACK = `cd "$1" || exit
if [ -z "$2" ]; then tar -cf - $3 .; exit; fi
case $(tar --version 2>/dev/null) in *GNU* | *bsdtar*)
  tar $3 --null --no-recursion -cf - -T "$2" ;;
*)
  if [ "$(tr -dc '\\n' < "$2" | wc -c)" -gt 0 ]; then
    echo 'this tar takes no list with a name that holds a newline' >&2
    exit 1
  fi
  tr '\\0' '\\n' < "$2" | tar --no-recursion -cf - -T - ;;
esac`

/**
 * Unpacks it into the directory $1. Modes as they were (-p), owners not (-o: numbers mean other people there), so setuid and
 * setgid not either; special files not. What follows the end of the archive is read, too: a sender must not find its reader gone.
 */
export const UNPACK = `${TOLERANT}tolerant tar -xpof - -C "$1" && cat >/dev/null &&
${REMOVE_SPECIAL_FILES} -o -type f \\( -perm -4000 -o -perm -2000 \\) -exec chmod ug-s {} +`
