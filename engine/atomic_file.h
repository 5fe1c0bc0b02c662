// Files that are replaced as a whole: a reader sees the old content or the new one, also after a power cut.
// From any thread and process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>

namespace edge {

/// `fill` writes the content. What lies at `file` is replaced, a link too; the new file has `permissions`,
/// without them the usual ones. Returns 0, or the errno of why it was not written; then, and when `fill`
/// throws, the old content stays and nothing else is left behind.
int replace_file(const std::filesystem::path& file, std::optional<mode_t> permissions,
                 const std::function<void(std::ostream&)>& fill);

/// For caches: makes the directory if need be. Returns an empty string, or one line that says why it was not
/// written.
std::string write_file_atomically(const std::filesystem::path& file, std::span<const std::byte> bytes);

}  // namespace edge
