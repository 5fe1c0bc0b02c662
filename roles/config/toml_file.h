// A TOML file as text and as a tree. Internal to roles/config; thread-safe.
// Throws Error with one line that names the file and, for bad TOML, the line.
#pragma once

#include <filesystem>
#include <string>

#include "roles/config/toml.h"

namespace edge {

/// The file's text; of one that is far too large, only so much that parse_toml() notices.
std::string read_toml(const std::filesystem::path& file);

/// `file` is used in messages.
toml::table parse_toml(const std::string& text, const std::filesystem::path& file);

}  // namespace edge
