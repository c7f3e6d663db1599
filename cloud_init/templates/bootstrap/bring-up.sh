#!/bin/sh
# Made by Slipway. Each step says why it failed and is tried again, ever more rarely.
set -u
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8
cd /opt/slipway || exit 1

install() {
    there=$(dpkg-query --show --showformat '${db:Status-Abbrev}\n' "$1" 2>/dev/null | grep -c '^ii')
    [ "$there" = 1 ] && return 0
    wait
    dpkg --configure -a || return 1
    set -- -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 install "$1"
    apt-get "$@" || { apt-get -q update && apt-get "$@"; }
}

# A store in a bucket is spoken to by a library, pinned by hash, in an environment of its own.
library() {
    cmp -s store.txt store/made-of && return 0
    install python3-venv || return 1
    rm -rf store
    python3 -m venv store && store/bin/python -m pip install -q --disable-pip-version-check --only-binary :all: --require-hashes -r store.txt &&
        cp store.txt store/made-of
}

step() {
    command -v python3 >/dev/null || install python3 || return 1
    python=/usr/bin/python3
    if [ -f store.txt ]; then
        library || return 1
        python=/opt/slipway/store/bin/python
    fi
    "$python" -I fetch.py && "$python" -I host.pyz setup
}

# Every server is short of packages: their lists come beside all this. Whoever installs waits for them, and says what is wrong with them.
apt-get -q -o Acquire::Languages=none update >/dev/null 2>&1 &

pause=1
until step; do
    echo "slipway: not set up yet (see above); tried again in $pause s"
    sleep "$pause"
    pause=$((pause < 60 ? pause * 2 : 60))
done
touch up
wait
