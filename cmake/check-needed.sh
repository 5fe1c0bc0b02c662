#!/bin/bash
# Checks that device binaries need nothing but glibc, of at most the version of Debian 12, and no executable stack.
# usage: cmake/check-needed.sh FILE...    (prints one line per file; exit 1 if a file needs more)
set -euo pipefail
newest_glibc=2.36
[ $# -gt 0 ] || { echo "usage: $0 FILE..." >&2; exit 2; }

status=0
for file in "$@"; do
  problems=
  dynamic=$(readelf -dW "$file") && program=$(readelf -lW "$file") && versions=$(readelf -VW "$file") ||
    { echo "$file: not a readable ELF file" >&2; status=1; continue; }
  needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' <<<"$dynamic")
  for library in $needed; do
    case $library in
      libc.so.6 | libm.so.6 | libpthread.so.0 | libdl.so.2 | librt.so.1 | ld-linux-armhf.so.3 | ld-linux-aarch64.so.1 | \
        ld-linux-x86-64.so.2) ;;
      *) problems+="; needs $library" ;;
    esac
  done
  grep -qE '(RPATH|RUNPATH)' <<<"$dynamic" && problems+="; has a run path"
  stack=$(grep GNU_STACK <<<"$program") || problems+="; no GNU_STACK entry, so its stack is executable"
  [[ $stack == *RWE* ]] && problems+="; executable stack"
  glibc=$(grep -oE 'GLIBC_[0-9.]+' <<<"$versions" | sort -uV | tail -n1 | sed 's/GLIBC_//' || true)
  [ "$(printf '%s\n' "${glibc:-0}" $newest_glibc | sort -V | tail -n1)" = $newest_glibc ] ||
    problems+="; needs glibc $glibc, newer than $newest_glibc (build on Debian 12, or with STATIC=1)"
  what="$(du --apparent-size -h "$file" | cut -f1), needs ${needed//$'\n'/ }${glibc:+, glibc $glibc}"
  [ -n "$needed" ] || what="${what%%,*}, static"
  if [ -n "$problems" ]; then
    echo "$file: ${problems#; } ($what)" >&2
    status=1
  else
    echo "$file: $what"
  fi
done
exit $status
