#!/bin/bash
# Made by Slipway. Holds a lock as long as somebody is heard of: each line is answered,
# and half a minute of silence ends it.
while IFS= read -r -t 30 line; do
    printf '%s\n' "$line"
done
