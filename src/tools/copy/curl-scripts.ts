import { PACK, UNPACK } from './tree-stream.ts'

/**
 * Shell text for one end of a copy over HTTP by curl. Each script reads two lines from its input, the address and the ticket:
 * they stand in no argument, variable of the environment or file, for curl is given them on a descriptor. $1 is the path.
 * They write lines: `curl STATUS`, `made STATUS` (of what packs or unpacks), a line with the sha256; who sends the gateway's
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

/** Programs there that print the sha256 of their input, the fastest first: sha256sum of many systems takes four times as long as openssl. */
const FIND_SUM = `sum=
for way in 'openssl dgst -sha256' sha256sum 'shasum -a 256'; do
  if [ -z "$sum" ] && command -v "\${way%% *}" >/dev/null 2>&1; then sum=$way; fi
done
`

/** The gateway's answer says how much it has passed on; what curl counts has the frames of a stream in it. */
const SEND = `send() { relay -w '\\n' -T "$1"; }
`

/** The file is read twice at a time, by curl and for its sha256. One of /proc tells no size: it goes through a pipe. */
export const SEND_FILE = `: < "$1" || exit
${PREPARE}${SEND}${FIND_SUM}if [ -n "$sum" ]; then { exec $sum < "$1"; } & fi
if [ -s "$1" ]; then send "$1" </dev/null; else cat "$1" | send -; fi
code=$?
if [ -n "$sum" ]; then
  [ "$code" = 0 ] || kill "$!"
  wait "$!"
fi
echo "curl $code"
`

export const SEND_TREE = `${PREPARE}${SEND}exec 4>&1
{
${PACK}
echo "made $?" >&4
} </dev/null | send -
echo "curl $?"
`

/** curl does not say why it could not write (23): what another file beside meets, does. */
export const RECEIVE_FILE = `: > "$1" || exit
${PREPARE}relay > "$1"
code=$?
if [ "$code" = 23 ]; then
  { dd if=/dev/zero of="$1~" bs=65536 count=16 2>&1; rm -f "$1~"; } | sed -n 's/^dd: //p' >&2
fi
echo "passed $(wc -c < "$1")"
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
