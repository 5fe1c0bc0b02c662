// [engine] of config.toml. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "roles/config/config.h"
#include "roles/config/toml_reader.h"

namespace edge {

/// Throws Error: one line with file, line, key, what is wrong and what is expected.
EngineConfig read_engine(const TomlReader& reader);

/// "auto", which is nothing, or megabytes, as bytes. `what` names the key or option in the message. Throws
/// Error.
std::optional<std::uint64_t> parse_keep(const std::string& text, const std::string& what);

}  // namespace edge
