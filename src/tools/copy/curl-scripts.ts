import { PACK, UNPACK } from './tree-scripts.ts'

/**
 * Shell text for one end of a copy over HTTP by curl. Each script reads two lines from its input, the address and the ticket:
 * they stand in no argument, variable of the environment or file, for curl is given them on a descriptor. $1 is the path.
 * They write lines: `curl STATUS`, `made STATUS` (of what packs or unpacks); who sends the gateway's
 * answer, who receives `passed BYTES`.
 *
 * No proxy: the gateway is reached as the executor reaches it, and one that keeps whole bodies would break the pace. No
 * `Expect`, which costs a round trip. Time is over when nothing has moved for a while, however long the whole takes.
 */
const PREPARE = `IFS= read -r url && IFS= read -r ticket || exit
relay() {
  curl -q -K /dev/fd/3 -g -s -S -f --noproxy '*' --proto =http,https -H Expect: \\
    --connect-timeout 10 --speed-limit 1 --speed-time 90 "$@" 3<<EOF
url = "$url"
header = "Authorization: Bearer $ticket"
EOF
}
`

/** The gateway's answer says how much it has passed on; what curl counts has the frames of a stream in it. */
const SEND = `send() { relay -w '\\n' -T "$1"; }
`

/** $2: from where on. A pipe takes what tells no size (files of /proc) or is not sent from its start. */
export const SEND_FILE = `: < "$1" || exit
${PREPARE}${SEND}if [ "$2" -gt 0 ]; then tail -c "+$(($2 + 1))" "$1" | send -
elif [ -s "$1" ]; then send "$1" </dev/null
else cat "$1" | send -; fi
echo "curl $?"
`

/** $2 and $3: as `PACK` has them. It is a process of its own, for it may end its shell. */
export const SEND_TREE = `${PREPARE}${SEND}exec 4>&1
{
(
${PACK}
) 4>&-
echo "made $?" >&4
} </dev/null | send -
echo "curl $?"
`

/**
 * $2: from where on; what lies behind it goes. curl does not say why it could not write (23): what another file beside meets, does.
 * `dd` with no blocks cuts a file at a place, everywhere.
 */
export const RECEIVE_FILE = `: >> "$1" || exit
dd if=/dev/null of="$1" bs=1 seek="$2" count=0 2>/dev/null || exit
${PREPARE}relay >> "$1"
code=$?
if [ "$code" = 23 ]; then
  { dd if=/dev/zero of="$1~" bs=65536 count=16 2>&1; rm -f "$1~"; } | sed -n 's/^dd: .*: //p' >&2
fi
echo "passed $(($(wc -c < "$1") - $2))"
echo "curl $code"
`

/** The count goes to stderr, for stdout is the archive; a curl before 7.63 puts it behind the archive, where nobody minds. */
export const RECEIVE_TREE = `${PREPARE}exec 4>&1
{
relay -w '%{stderr}\\npassed %{size_download}\\n'
echo "curl $?" >&4
} | {
${UNPACK}
} >&2 4>&-
echo "made $?"
`

/** Prints what there is not of what these need. */
export const MISSING = `command -v curl >/dev/null 2>&1 || echo curl
[ -e /dev/fd/0 ] || echo /dev/fd
`
