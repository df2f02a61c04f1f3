#!/bin/sh
# Prepares .venv: `setup.sh runtime` for running Postern, `setup.sh dev` for working on it, `setup.sh lock` for
# compiling the locks, `setup.sh bench` for what benchmarks compare with, `setup.sh audit` for what knows of
# vulnerabilities. Each step leaves a stamp named by a checksum of what it was made from, so that a step is
# repeated exactly when that changes, and a run with nothing to do takes milliseconds.
set -eu
cd "$(dirname "$0")/.."
what=$1
python=.venv/bin/python

stamp() { # NAME FILE...: the stamp of a step that was made from these files, in this folder
    name=$1
    shift
    echo ".venv/.$name-$({ pwd -P; cat "$@"; } | cksum | cut -d ' ' -f 1)"
}

mark() { # NAME STAMP: the step is done; earlier marks of it are void
    rm -f ".venv/.$1"-*
    : >"$2"
}

pip() {
    "$python" -m pip --disable-pip-version-check --no-input --quiet "$@"
}

find_python() {
    for candidate in ${PYTHON:-python3.11 python3 python3.14 python3.13 python3.12}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Postern needs Python 3.11 or newer; ${PYTHON:-python3} is older or missing (PYTHON=/path/to/python names another)." >&2
    return 1
}

make_venv() {
    chosen=$(find_python)
    if ! "$chosen" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$chosen" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        scripts/debian.sh "Python's venv module is missing" "$package"
    fi
    echo "Setting up .venv with $("$chosen" --version) (about half a minute)"
    if [ -L .venv ]; then rm .venv; fi # what it leads to is another folder's, and would be cleared
    "$chosen" -m venv --clear .venv
}

made=$(stamp made /dev/null) # of nothing but the folder: scripts in a .venv name it, so a copied one is made anew
locked=$(stamp "$what" "requirements/$what.txt")
installed=$(stamp installed pyproject.toml)
compiled=$(stamp compiled scripts/messages.py locale/*/LC_MESSAGES/*.po)

if [ -x "$python" ] && [ -e "$made" ] && [ -e "$locked" ] && [ -e "$installed" ] && [ -e "$compiled" ]; then
    exit
fi

# One set-up at a time in this folder.
if command -v flock >/dev/null; then
    exec 9<Makefile
    flock 9
fi

if [ ! -x "$python" ] || [ ! -e "$made" ]; then
    make_venv
    mark made "$made"
fi
if [ ! -e "$locked" ]; then
    # What a benchmark is compared with, and what audits, stays out of everybody else's reach.
    if [ "$what" = bench ] || [ "$what" = audit ]; then apart="--upgrade --target .venv/$what"; else apart=; fi
    # shellcheck disable=SC2086 # one word per option
    pip install --require-hashes --no-deps $apart -r "requirements/$what.txt"
    mark "$what" "$locked"
    if [ "$what" = dev ]; then # which holds all that runtime holds
        mark runtime "$(stamp runtime requirements/runtime.txt)"
    fi
fi
if [ "$what" = lock ] || [ "$what" = bench ] || [ "$what" = audit ]; then
    exit
fi
if [ ! -e "$installed" ]; then
    pip install --no-deps --no-build-isolation --editable .
    mark installed "$installed"
fi
if [ ! -e "$compiled" ]; then
    "$python" scripts/messages.py compile
    mark compiled "$compiled"
fi
