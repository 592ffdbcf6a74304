/**
 * Shell text that defines `take N`: it passes exactly N bytes from its input on, and reads not one byte more, so that
 * several can share an input. `head -c` of GNU does so; that of busybox and of the BSDs fills a buffer and loses what it
 * read too much, which the first line finds out. `dd ibs=1` is right everywhere, and slow.
 */
export const TAKE = `if [ "$(printf ab | { head -c 1 >/dev/null 2>&1; cat; })" = b ]; then
  take() { head -c "$1"; }
elif [ "$(printf ab | { dd bs=1 count=1 iflag=fullblock >/dev/null 2>&1; cat; })" = b ]; then
  take() { dd bs="$1" count=1 iflag=fullblock 2>/dev/null; }
else
  take() { dd ibs=1 obs=65536 count="$1" 2>/dev/null; }
fi
`
