#!/bin/sh
# What the tests need besides Python: a browser, a mail server, and Chinese glyphs for the pictures.
# Missing ones are installed where that is possible, the mail server only unpacked; elsewhere the tests that need them
# are skipped.
cd "$(dirname "$0")/.." || exit
why="The tests need packages that are missing"
missing= browser=
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && browser=$name
done
[ -d /usr/share/fonts/opentype/noto ] && ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1 ||
    missing="$missing fonts-noto-cjk"
lacking=
# shellcheck disable=SC2086 # one word per package
if [ -z "$browser" ]; then
    # Tests in it take half of the time; older systems only have the whole Chromium.
    scripts/debian.sh "$why" chromium-headless-shell $missing ||
        { [ "$(id -u)" = 0 ] && scripts/debian.sh "$why" chromium $missing; } || lacking=yes
elif [ -n "$missing" ]; then
    scripts/debian.sh "$why" $missing || lacking=yes
fi
scripts/unpack_postfix.sh || lacking=yes
[ -z "$lacking" ] && exit
if [ "${CI:-}" = true ]; then
    echo "CI=true: tests that skip for want of them will fail the run" >&2
else
    echo "Tests that need them are skipped" >&2
fi
