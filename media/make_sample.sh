#!/bin/sh
# Makes sample.mp4 from our own synthetic scene `street`. Needs a C++20 compiler and ffmpeg with libx264.
set -eu
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

rows=480 columns=720 frames=120 fps=12
${CXX:-g++} -std=c++20 -O2 -I. media/write_scene.cpp roles/video/scenes/*.cpp -o "$scratch/write_scene"
"$scratch/write_scene" "synthetic:street?seed=1&objects=6&noise=3&fps=$fps" $rows $columns $frames > "$scratch/frames.gbrp"
ffmpeg -nostdin -v error -y -f rawvideo -pix_fmt gbrp -s ${columns}x$rows -r $fps -i "$scratch/frames.gbrp" \
  -pix_fmt yuv420p -c:v libx264 -preset slow -crf 20 -threads 1 \
  -movflags +faststart -flags +bitexact -fflags +bitexact media/sample.mp4
