#!/bin/sh
# Made by Slipway. Starts `watch` with the Python given. A tool that is on trial and comes here a third time did not stay up: the one before it
# is put back. (Changing to it starts nothing here; a reboot in its first seconds is forgiven.)
set -eu
cd /opt/slipway
if [ -f trial ]; then
    if [ -f before.pyz ]; then
        echo >>trial
        if [ "$(wc -l <trial)" -gt 2 ]; then
            head -n 1 trial >>refused
            mv -f before.pyz host.pyz
            echo "slipway: the tool $(head -n 1 trial) did not stay up; the one before it is back" >&2
            rm -f trial
        fi
    else
        rm -f trial
    fi
fi
exec "$1" -I host.pyz --root / watch
