#!/bin/sh
# install-packages.sh POLICY PACKAGE…: installs Debian packages, as root; their services stay off.
set -eu

policy=$1
half=$1.slipway
shift
mark='# put here by slipway while it installs packages'
ours=

tidy() {
    rm -f "$half"
    [ -z "$ours" ] || rm -f "$policy"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Debian asks this file before it starts a service; 101 means no. One with our mark a kill left:
# it is moved into place whole, so that no kill leaves one without the mark.
if [ ! -e "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$half"
    chmod 755 "$half"
    mv "$half" "$policy"
elif grep -qxF "$mark" "$policy"; then
    ours=yes
fi

DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND

install_packages() {
    apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@"
}

install_packages "$@" || { apt-get -o DPkg::Lock::Timeout=120 update && install_packages "$@"; }
