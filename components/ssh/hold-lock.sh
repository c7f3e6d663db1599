#!/bin/bash
# Made by Slipway. Holds a lock as long as somebody is heard of: each line is answered,
# and half a minute of silence ends it. $1 is the note of who has it now, for the file $2: none else
# writes it, so that nobody who slept does.
[ -z "${1-}" ] || printf '%s' "$1" >"$2" || exit 1
while IFS= read -r -t 30 line; do
    printf '%s\n' "$line"
done
