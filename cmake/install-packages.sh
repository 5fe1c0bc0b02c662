#!/bin/bash
# Installs the Debian packages that are missing for a purpose; says in one line which ones. Does nothing, fast, when all
# are there. sudo only if need be. usage: cmake/install-packages.sh build|run|test|bench|lint|fuzz|mca|cross...
# NO_INSTALL=1 only checks. Errors: one line on stderr, exit 1.
set -euo pipefail

fail() { echo "packages: $*" >&2; exit 1; }

packages=()
for purpose in "$@"; do
  packages+=(g++ cmake ninja-build ccache libasio-dev libtomlplusplus-dev libssl-dev libzstd-dev
    libspdlog-dev libfmt-dev nlohmann-json3-dev libopenblas-dev libprotozero-dev
    libgtest-dev)
  case $purpose in
    build) ;;
    run) packages+=(ffmpeg) ;;
    test) packages+=(ffmpeg libonnx-testdata) ;;
    bench) packages+=(libbenchmark-dev) ;;
    lint) packages+=(clang clang-format clang-tidy) ;;
    fuzz) packages+=(clang) ;;
    mca) packages+=(llvm binutils) ;;
    cross) packages+=(g++-arm-linux-gnueabihf g++-aarch64-linux-gnu qemu-user googletest ffmpeg
      libonnx-testdata) ;;
    *) fail "unknown purpose '$purpose'" ;;
  esac
done

command -v dpkg-query >/dev/null || { # another distribution: the user has installed the libraries, or cmake will say
  echo "packages: this is no Debian system, so nothing is checked or installed; see docs/building.md" >&2
  exit 0
}
# dpkg-query fails when it has never heard of one of them.
installed=" $({ dpkg-query -W -f '${binary:Package} ${db:Status-Abbrev}\n' "${packages[@]}" 2>/dev/null || true; } |
  awk '$2 == "ii" { sub(/:.*/, "", $1); printf "%s ", $1 }')"
missing=()
for package in "${packages[@]}"; do
  [[ $installed == *" $package "* || " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

[ -z "${NO_INSTALL-}" ] || fail "missing: ${missing[*]}"
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail "there is no sudo; as root: apt-get install ${missing[*]}"
  as_root=(sudo)
fi
apt() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 "$@" </dev/null
}
echo "packages: installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# With old package lists the first try fails; then, and when there are none, update them.
compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null || apt update >"$log" 2>&1 || true
apt install --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
  { apt update && apt install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
  { tail -n 20 "$log" >&2; fail "apt-get could not install: ${missing[*]} (see above)"; }
