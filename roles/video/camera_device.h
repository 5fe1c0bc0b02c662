// Which paths are cameras. Thread-safe, no errors.
#pragma once

#include <string>

namespace edge {

/// A character device, also through links (/dev/v4l/by-id/...); or a path in /dev where nothing is (yet).
bool is_camera_device(const std::string& path);

}  // namespace edge
