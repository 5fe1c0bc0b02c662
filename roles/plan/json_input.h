// A JSON file of bounded size and depth. Internal to roles/plan; thread-safe. Throws Error with one line.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace edge::plan {

using Json = nlohmann::json;

/// The file's text; of one that is far too large, only so much that parse_object() notices.
std::string read_text(const std::filesystem::path& file);

/// Text that is an object with nothing nested deeper than arrays of arrays, and no key twice. Messages begin
/// with `file` and, where one was begun, the key.
Json parse_object(std::string_view text, const std::filesystem::path& file);

}  // namespace edge::plan
