#include "net/codec/change_map.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>

#include "net/codec/codec.h"

namespace edge::net {
namespace {

static_assert(std::endian::native == std::endian::little, "masks are read as 64-bit words");

constexpr std::size_t word_bits = 64;
constexpr std::size_t block_words = block_elements / word_bits;
constexpr std::uint8_t longer = 255;  // a run goes on with the next length byte

constexpr std::size_t block_count(std::size_t elements) {
  return (elements + block_elements - 1) / block_elements;
}

/// The mask bits of one block as words; bits behind its end are zero.
struct BlockMask {
  std::array<std::uint64_t, block_words> words{};
  std::size_t elements = 0;

  BlockMask(const std::uint8_t* bytes, std::size_t count) : elements(count) {
    std::memcpy(words.data(), bytes, mask_bytes(count));
  }

  std::size_t changed() const {
    std::size_t sum = 0;
    for (const std::uint64_t word : words) sum += static_cast<std::size_t>(std::popcount(word));
    return sum;
  }

  /// Number of places where a bit differs from the one before it (the first from 0).
  std::size_t transitions() const {
    std::size_t sum = 0;
    std::uint64_t before = 0;
    for (const std::uint64_t word : words) {
      sum += static_cast<std::size_t>(std::popcount(word ^ ((word << 1) | before)));
      before = word >> (word_bits - 1);
    }
    return sum;
  }

  /// The first position from `from` on with another bit than `bit`; `elements` if there is none.
  std::size_t end_of_run(std::size_t from, bool bit) const {
    for (std::size_t i = from / word_bits; i < block_words; ++i) {
      std::uint64_t other = bit ? ~words[i] : words[i];
      if (i == from / word_bits) other &= ~std::uint64_t{0} << (from % word_bits);
      if (other != 0) {
        return std::min(elements, i * word_bits + static_cast<std::size_t>(std::countr_zero(other)));
      }
    }
    return elements;
  }
};

void append_runs(const BlockMask& block, std::vector<std::uint8_t>& to) {
  bool changed = false;
  for (std::size_t at = 0; at < block.elements; changed = !changed) {
    const std::size_t end = block.end_of_run(at, changed);
    std::size_t length = end - at;
    for (; length >= longer; length -= longer) to.push_back(longer);
    to.push_back(static_cast<std::uint8_t>(length));
    at = end;
  }
}

void set_bits(std::uint8_t* mask, std::size_t from, std::size_t to) {
  for (; from < to && from % 8 != 0; ++from) mask[from / 8] |= static_cast<std::uint8_t>(1U << (from % 8));
  if (const std::size_t bytes = (to - from) / 8; bytes > 0) {
    std::memset(mask + from / 8, 0xFF, bytes);
    from += 8 * bytes;
  }
  for (; from < to; ++from) mask[from / 8] |= static_cast<std::uint8_t>(1U << (from % 8));
}

/// Takes bytes off the front of `bytes`.
std::span<const std::uint8_t> take(std::span<const std::uint8_t>& bytes, std::size_t count) {
  if (count > bytes.size()) throw CodecError("the positions of changed elements are truncated");
  const std::span<const std::uint8_t> front = bytes.first(count);
  bytes = bytes.subspan(count);
  return front;
}

void read_runs(std::span<const std::uint8_t>& bytes, std::size_t elements, std::uint8_t* mask) {
  bool changed = false;
  for (std::size_t at = 0; at < elements; changed = !changed) {
    std::size_t length = 0;
    std::uint8_t part = longer;
    while (part == longer) {
      part = take(bytes, 1)[0];
      length += part;
      if (length > elements - at) throw CodecError("a run of changed elements is longer than its block");
    }
    if (changed) set_bits(mask, at, at + length);
    at += length;
  }
}

}  // namespace

std::size_t max_position_bytes(std::size_t elements) {
  return block_count(elements) + mask_bytes(elements);
}

std::size_t pack_positions(std::span<std::uint8_t> mask, std::size_t elements, std::size_t element_bytes,
                           std::vector<std::uint8_t>& positions) {
  assert(mask.size() >= mask_bytes(elements));
  const std::size_t blocks = block_count(elements);
  positions.assign(blocks, 0);  // kinds first, then what belongs to each
  std::size_t values = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    std::uint8_t* bytes = mask.data() + b * mask_bytes(block_elements);
    const std::size_t count = std::min(block_elements, elements - b * block_elements);
    const BlockMask block(bytes, count);
    const std::size_t changed = block.changed();
    if (changed == 0) continue;
    BlockKind kind = BlockKind::mask;
    std::size_t best = mask_bytes(count);
    if (const std::size_t body = positions.size(); block.transitions() < best) {
      append_runs(block, positions);
      if (positions.size() - body < best) {
        kind = BlockKind::runs;
        best = positions.size() - body;
      } else {
        positions.resize(body);
      }
    }
    if (count * element_bytes <= best + changed * element_bytes) {
      if (kind == BlockKind::runs) positions.resize(positions.size() - best);
      kind = BlockKind::dense;
      set_bits(bytes, 0, count);
    } else if (kind == BlockKind::mask) {
      positions.insert(positions.end(), bytes, bytes + best);
    }
    positions[b] = static_cast<std::uint8_t>(kind);
    values += kind == BlockKind::dense ? count : changed;
  }
  return values;
}

std::size_t unpack_positions(std::span<const std::uint8_t> positions, std::size_t elements,
                             std::span<std::uint8_t> mask) {
  assert(mask.size() >= mask_bytes(elements));
  const std::size_t blocks = block_count(elements);
  const std::span<const std::uint8_t> kinds = take(positions, blocks);
  if (blocks > 0) std::memset(mask.data(), 0, mask_bytes(elements));
  std::size_t values = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    std::uint8_t* bytes = mask.data() + b * mask_bytes(block_elements);
    const std::size_t count = std::min(block_elements, elements - b * block_elements);
    switch (static_cast<BlockKind>(kinds[b])) {
      case BlockKind::unchanged:
        continue;
      case BlockKind::mask: {
        const std::span<const std::uint8_t> bits = take(positions, mask_bytes(count));
        if (count % 8 != 0 && (bits.back() >> (count % 8)) != 0) {
          throw CodecError("a mask has bits behind the last element");
        }
        std::memcpy(bytes, bits.data(), bits.size());
        break;
      }
      case BlockKind::runs:
        read_runs(positions, count, bytes);
        break;
      case BlockKind::dense:
        set_bits(bytes, 0, count);
        break;
      default:
        throw CodecError("a block of changed elements is of an unknown kind");
    }
    values += BlockMask(bytes, count).changed();
  }
  if (!positions.empty()) throw CodecError("there are bytes behind the positions of the changed elements");
  return values;
}

}  // namespace edge::net
