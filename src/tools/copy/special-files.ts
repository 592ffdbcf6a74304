/** Shell text for what a copy does not take over: removes what lies in the directory $1 and is neither file, directory nor link. More for `find` may follow. */
export const REMOVE_SPECIAL_FILES = 'find "$1" ! -type f ! -type d ! -type l -exec rm -f {} +'
