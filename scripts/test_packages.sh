#!/bin/sh
# What the tests need besides Python: a browser, a mail server, and Chinese glyphs for the pictures.
# Missing ones are installed where that is possible, the mail server only unpacked; elsewhere the tests that need them
# are skipped.
cd "$(dirname "$0")/.." || exit
missing=
command -v chromium >/dev/null || missing="$missing chromium"
[ -d /usr/share/fonts/opentype/noto ] && ls /usr/share/fonts/opentype/noto/NotoSansCJK* >/dev/null 2>&1 ||
    missing="$missing fonts-noto-cjk"
lacking=
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # one word per package
    scripts/debian.sh "The tests need packages that are missing" $missing || lacking=yes
fi
scripts/unpack_postfix.sh || lacking=yes
[ -z "$lacking" ] && exit
if [ "${CI:-}" = true ]; then
    echo "CI=true: tests that skip for want of them will fail the run" >&2
else
    echo "Tests that need them are skipped" >&2
fi
