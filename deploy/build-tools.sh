#!/bin/sh
# Installs what the build needs beside Rust, gcc and make, when it is not there: cmake, which builds libopus.
set -eu

command -v cmake >/dev/null 2>&1 && exit 0
echo "installing: cmake"
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends cmake
