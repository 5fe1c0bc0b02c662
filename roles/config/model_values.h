// Values of [model] that commands take as options, too. Pure functions, thread-safe. They throw Error, one
// line that begins with `where`: the key and its place, or the option.
#pragma once

#include <cstdint>
#include <string>

#include "engine/layer.h"

namespace edge {

/// Rows or columns of a frame, at most.
constexpr std::int64_t max_frame_side = 16384;

/// Each side 1 to max_frame_side, and not too many pixels in all.
void check_frame_size(const Extent2d& size, const std::string& where);
/// "480x720": rows x columns.
Extent2d parse_frame_size(const std::string& text, const std::string& where);

}  // namespace edge
