// [engine] of config.toml. Pure functions, thread-safe.
#pragma once

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// Throws Error: one line with file, line, key, what is wrong and what is expected.
EngineConfig read_engine(const TomlReader& reader);

}  // namespace edge
