#!/bin/sh
# Unpacks Debian's Postfix, and the libraries that are missing for it, into .venv/postfix for the tests.
# Nothing is installed: no account, no service, no file outside that folder. Exit status 1 when it is not there then.
set -eu
cd "$(dirname "$0")/.."
target=.venv/postfix
if [ "${1:-}" != --anew ]; then
    [ -x /usr/lib/postfix/sbin/master ] && exit
    [ -x $target/usr/lib/postfix/sbin/master ] && exit
fi

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "The tests against a real Postfix need to be root on Debian" >&2
    exit 1
fi

echo "The tests need a mail server: unpacking Postfix into $target"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
trap 'exit 130' INT TERM
chmod 755 "$made" # apt fetches as an account of its own
mkdir -p "$made/archives/partial"

if ! { apt-get -q update && apt-get -q install -y --no-install-recommends --reinstall --download-only \
    -o Dir::Cache::archives="$made/archives" postfix; } >"$made/log" 2>&1 </dev/null; then
    tail -n 20 "$made/log" >&2
    echo "apt-get could not download postfix" >&2
    exit 1
fi
for package in "$made"/archives/*.deb; do
    dpkg -x "$package" "$made/files"
done
rm -rf $target
mkdir -p .venv
mv "$made/files" $target
