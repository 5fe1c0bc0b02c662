// The truth about a frame as one line of JSON (docs/output.md). Pure functions, no errors, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "roles/video/scenes/scene.h"

namespace edge {

/// One object without line feeds.
std::string truth_line(std::uint64_t frame, std::span<const SceneObject> objects);

}  // namespace edge
