// A payload in two parts: a length, so many bytes, and what is behind them. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace edge::net {

/// Appends the u32 length of `part`, and `part`.
void append_prefixed(std::vector<std::byte>& payload, std::span<const std::byte> part);
/// Splits a payload that begins so into the part and what is behind it. Throws ConnectionLost if the part is
/// longer than the payload or than max_control_bytes.
std::pair<std::span<const std::byte>, std::span<const std::byte>> split_prefixed(
    std::span<const std::byte> payload);

}  // namespace edge::net
