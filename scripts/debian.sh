#!/bin/sh
# `debian.sh WHY PACKAGE...` installs packages as root on Debian, starting no service; elsewhere it says the command.
# Exit status 1 when they are not there afterwards.
set -eu
why=$1
shift

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "$why. On Debian: sudo apt-get install $*" >&2
    exit 1
fi

echo "$why: installing $*"
log=$(mktemp)
policy=/usr/sbin/policy-rc.d
ours=
finish() {
    rm -f "$log"
    if [ -n "$ours" ]; then rm -f "$policy"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# A package that brings a service would start it. A policy that is there already is the administrator's, and stays.
if [ ! -e "$policy" ]; then
    ours=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -q update && apt-get -q install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install $*" >&2
    exit 1
fi
