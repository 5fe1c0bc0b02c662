// Files that are replaced as a whole: a reader sees the old content or the new one, also after a power cut.
// From any thread and process.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace edge {

/// Makes the directory if need be. Returns an empty string, or one line that says why it was not written.
std::string write_file_atomically(const std::filesystem::path& file, std::span<const std::byte> bytes);

}  // namespace edge
