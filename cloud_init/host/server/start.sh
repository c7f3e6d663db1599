#!/bin/sh
# Made by Slipway. Starts `watch` with the Python given. A tool that is on trial and comes here twice did not stay up: the one before it is put
# back. (Changing to it starts nothing here; a reboot in its first seconds is forgiven.)
set -eu
cd /opt/slipway
if [ -f before.pyz ]; then
    echo >>starts
    if [ "$(wc -l <starts)" -gt 1 ]; then
        tool=$(sha256sum <host.pyz | cut -d' ' -f1)
        echo "$tool" >>refused
        mv -f before.pyz host.pyz
        echo "slipway: the tool $tool did not stay up; the one before it is back" >&2
    fi
fi
exec "$1" -I host.pyz --root / watch
