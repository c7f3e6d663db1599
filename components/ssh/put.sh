#!/bin/sh
# Made by Slipway. Writes its input to the file $2, by way of $1 beside it: whole or not at all.
# $3 is how many bytes there are: a connection that breaks ends the input too. $4, if given, is the
# SHA-256 of what must be there now, or "none"; what is written already is written once more.
set -eu
trap 'rm -f "$1"' EXIT
umask 077
mkdir -p "${2%/*}"
install -m 0600 /dev/stdin "$1"
if [ "$(wc -c <"$1")" -ne "$3" ]; then
    echo "$2: the connection broke before all $3 bytes were there" >&2
    exit 1
fi
sync "$1"
if [ -n "${4-}" ]; then
    there=none
    [ ! -e "$2" ] || there=$(sha256sum <"$2")
    [ "${there%% *}" = "$4" ] || cmp -s "$1" "$2" || exit 65
fi
mv -T "$1" "$2"
folder=${2%/*}
sync "$folder" "$folder/.." "$folder/../.." # what was made above it too, up to the store
