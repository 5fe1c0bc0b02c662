// How much memory a device gives to outputs that are kept from frame to frame.
#pragma once

#include <cstdint>
#include <optional>

namespace edge {

/// Of the memory that is available now: what [engine] keep = "auto" may take. Where that is not known, the
/// same of a small device's.
std::uint64_t automatic_keep_bytes();

/// What a config or an option says, in bytes; nothing: automatic_keep_bytes().
std::uint64_t resolve_keep_bytes(const std::optional<std::uint64_t>& configured);

}  // namespace edge
