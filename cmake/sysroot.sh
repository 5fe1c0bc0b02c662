#!/bin/bash
# Fills build/sysroot-ARCH (ARCH: armv7 or aarch64) with the libraries that `edge` is linked with on that device:
# foreign Debian packages, downloaded with apt (which verifies their signatures) and only unpacked. They are not
# installed beside the host's, because after a security update the two architectures' versions may differ and refuse
# to be installed together. glibc comes with the cross compiler, so a program sees one libc, not two mixed.
# usage: cmake/sysroot.sh ARCH [DIRECTORY]     (does nothing when the sysroot is complete; errors: one line, exit 1)
set -euo pipefail

fail() { echo "sysroot: $*" >&2; exit 1; }

case "${1-}" in
  armv7)   architecture=armhf triplet=arm-linux-gnueabihf ;;
  aarch64) architecture=arm64 triplet=aarch64-linux-gnu ;;
  *) fail "usage: cmake/sysroot.sh armv7|aarch64 [directory]" ;;
esac
sysroot=${2-$(cd "$(dirname "$0")/.." && pwd)/build/sysroot-$1}

# Headers and static libraries only: whatever is linked comes from the -dev packages.
packages="libopenblas-dev libopenblas-pthread-dev libssl-dev libzstd-dev libspdlog-dev libfmt-dev libasio-dev
          libtomlplusplus-dev nlohmann-json3-dev libprotozero-dev"

stamp=$sysroot/.complete
contents=$(cksum <"$0")  # another version of this script makes another sysroot
complete() {
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$contents" ] || return 1
  cat "$sysroot/.warning" >&2
}
if complete; then exit 0; fi

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || fail "$tool is missing: cross builds need a Debian host"
done
mkdir -p "$(dirname "$sysroot")"
exec 9>"$sysroot.lock"
flock 9  # two builds at a time: the second waits and finds the sysroot complete
if complete; then exit 0; fi

# The host's own Debian sources, without those of other vendors, which may not have the device's architecture.
list_sources() { apt-get indextargets --format '$(SOURCESENTRY)' 'Identifier: Packages' 'Origin: Debian' |
  sed 's/:[0-9]*$//' | sort -u; }
sources=$(list_sources)
if [ -z "$sources" ]; then  # apt knows the origins only after an update
  if [ "$(id -u)" = 0 ]; then apt-get -qq update; elif command -v sudo >/dev/null; then sudo apt-get -qq update; fi
  sources=$(list_sources)
fi
[ -n "$sources" ] || fail "no Debian package source in this machine's apt configuration: build on Debian 12 \
(a container will do), or natively on the Pi with 'make'"

rm -rf "$sysroot"
scratch=$sysroot/.apt
mkdir -p "$scratch"/{sources,state/lists/partial,cache/archives/partial,packages}
: >"$scratch/status"
while read -r file; do  # the same sources, but for the device's architecture
  sed -E -e '/^Architectures:/Id' -e 's/(\[[^]]*)\barch=[^] ]+/\1/' "$file" >"$scratch/sources/${file##*/}"
done <<<"$sources"

options=(-qq -o APT::Architecture=$architecture -o APT::Architectures::=$architecture -o APT::Architectures=
  -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$scratch/sources" -o Dir::State="$scratch/state"
  -o Dir::State::status="$scratch/status" -o Dir::Cache="$scratch/cache" -o Acquire::Languages=none
  -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=3)
echo "sysroot: downloading the $architecture libraries into ${sysroot#"$PWD/"}"
# A package index that is missing or not what its signed release file says is never used. The packages of the other
# indexes are still verified, but may be older than the newest security update: say so, now and at every later use.
outdated=
apt-get "${options[@]}" update </dev/null || outdated="sysroot: warning: some package indexes for $architecture could \
not be verified and were left out (see above), so a library may lack the latest security update; remove \
${sysroot#"$PWD/"} to try again before you ship a binary"
(cd "$scratch/packages" && apt-get "${options[@]}" download $packages </dev/null) ||
  fail "apt-get download for $architecture failed (see above)"
for package in "$scratch"/packages/*.deb; do
  dpkg-deb -x "$package" "$sysroot"
  dpkg-deb -W "$package" >>"$sysroot/.packages"  # what went into a binary: name and version
done

# What update-alternatives would do for OpenBLAS.
ln -sf openblas-pthread/libopenblas.a "$sysroot/usr/lib/$triplet/libopenblas.a"
for header in "$sysroot/usr/include/$triplet"/openblas-pthread/*.h; do
  ln -sf "openblas-pthread/${header##*/}" "$sysroot/usr/include/$triplet/"
done
# Absolute links would lead out of the sysroot.
find "$sysroot/usr" -type l -lname '/*' -printf '%p %l\n' | while read -r link target; do
  ln -sfr "$sysroot$target" "$link"
done
# Nothing but headers and libraries is needed.
rm -rf "$scratch" "$sysroot/usr/share/doc" "$sysroot/usr/share/man"
printf '%s' "${outdated:+$outdated
}" | tee "$sysroot/.warning" >&2
echo "$contents" >"$stamp"
