// [detection] of config.toml. Pure functions, thread-safe.
#pragma once

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// What the table says; `labels` is as written. Throws Error: one line with file, line, key, what is wrong
/// and what is expected.
DetectionConfig read_detection(const TomlReader& reader);

}  // namespace edge
