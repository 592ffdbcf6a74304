/** Shell text that removes what a copy does not take over: what lies in the directory $1 and is neither file, directory nor link. */
export const REMOVE_SPECIAL_FILES = 'find "$1" ! -type f ! -type d ! -type l -exec rm -f {} +'
