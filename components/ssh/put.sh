#!/bin/sh
# Made by Slipway. Writes its input to the file $2, by way of $1 beside it: whole or not at all.
set -eu
trap 'rm -f "$1"' EXIT
install -D -m 0600 /dev/stdin "$1"
sync "$1"
mv -T "$1" "$2"
