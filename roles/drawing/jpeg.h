// Pictures as JPEG, by ffmpeg. From any thread.
#pragma once

#include <string>

#include "roles/drawing/canvas.h"

namespace edge::drawing {

/// Throws Error: there is no ffmpeg.
void require_ffmpeg();

/// A whole file's bytes. Throws Error: ffmpeg cannot be started, or gives none (with its words).
std::string jpeg_of(const Canvas& canvas);

}  // namespace edge::drawing
