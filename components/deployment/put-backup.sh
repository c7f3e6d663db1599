#!/bin/sh
# Puts the archive at its input at $2, whole or not at all, by way of $1; leaves what is there.
[ -d "$2" ] || { rm -rf "$1"; mkdir -m 700 "$1"; tar -C "$1" --no-same-owner -xf -; mv -T "$1" "$2"; }
