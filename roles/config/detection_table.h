// [detection] of config.toml. Pure functions, thread-safe.
#pragma once

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// What the table says; `labels` is as written. Throws Error: one line with file, line, key, what is wrong
/// and what is expected.
DetectionConfig read_detection(const TomlReader& reader);

/// A class of a detector: its number, or its name. `where` is for messages. Throws Error: a number that is
/// none.
ClassChoice parse_class(const std::string& text, const std::string& where);

}  // namespace edge
