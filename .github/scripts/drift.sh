#!/usr/bin/env bash
# drift.sh STACK FILE: is what runs still what the program says? Changes nothing. FILE gets what differs, by name and without values.
# Exit code 0 nothing differs, 2 something does, 1 it could not be found out.
set -euo pipefail

code=0
pulumi preview --refresh --expect-no-changes --non-interactive --color=never --suppress-progress --suppress-outputs --stack="$1" 2>&1 |
    tee "$2" || code=$?

# 7 is Pulumi's own for "no changes were expected" (since 3.226).
case $code in
    0) exit 0 ;;
    7) exit 2 ;;
    *) exit 1 ;;
esac
