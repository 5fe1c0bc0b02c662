// How much memory a device gives to outputs that are kept from frame to frame.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace edge {

/// Of the memory that is available now: what [engine] keep = "auto" may take. Where that is not known, the
/// same of a small device's.
std::uint64_t automatic_keep_bytes();

/// "keeps up to 1234 MB of its layers' outputs (keep = auto: a quarter of the available memory)"
std::string automatic_keep_text(std::uint64_t bytes);

/// What a config or an option says, in bytes; nothing: automatic_keep_bytes().
std::uint64_t resolve_keep_bytes(const std::optional<std::uint64_t>& configured);

}  // namespace edge
