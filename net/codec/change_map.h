// Which elements of a tensor changed: a bit mask in memory (bits as in kernels/delta.h), "positions" on the
// wire. Positions treat blocks of 1024 elements each in the cheapest way. Internal to the codec. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace edge::net {

constexpr std::size_t block_elements = 1024;

/// How the changed elements of one block are written. The numbers are part of the format.
enum class BlockKind : std::uint8_t {
  unchanged = 0,
  mask = 1,   ///< one bit per element
  runs = 2,   ///< lengths of alternating runs: unchanged, changed, unchanged ...
  dense = 3,  ///< all elements
};

constexpr std::size_t mask_bytes(std::size_t elements) {
  return (elements + 7) / 8;
}
/// Upper bound on what pack_positions() writes.
std::size_t max_position_bytes(std::size_t elements);

/// Replaces `positions` by those of `mask`. In blocks that are cheapest dense (an element takes
/// `element_bytes`), all mask bits are set. Returns the number of bits then set.
std::size_t pack_positions(std::span<std::uint8_t> mask, std::size_t elements, std::size_t element_bytes,
                           std::vector<std::uint8_t>& positions);
/// The inverse: fills `mask` and returns the number of bits set. Throws CodecError if `positions` is
/// malformed.
std::size_t unpack_positions(std::span<const std::uint8_t> positions, std::size_t elements,
                             std::span<std::uint8_t> mask);

}  // namespace edge::net
