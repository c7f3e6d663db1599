#!/bin/sh
# Made by Slipway. Writes its input to the file $2, by way of $1 beside it: whole or not at all.
# $3 is how many bytes there are: a connection that breaks ends the input too.
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
mv -T "$1" "$2"
