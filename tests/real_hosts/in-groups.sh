#!/bin/sh
# in-groups.sh FOLDER… -- COMMAND…: becomes COMMAND, in these control groups.
set -eu
while [ "$1" != -- ]; do
    mkdir -p "$1"
    echo $$ >"$1/cgroup.procs"
    shift
done
shift
exec "$@"
