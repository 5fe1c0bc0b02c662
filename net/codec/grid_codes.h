// Values on a grid (engine/value_grid.h) as small integers, which are coded as differences to those of the
// base. Exact: what is no multiple of its channel's step, or too many of them, is an escape, whose bits are
// sent as they are. Internal to the codec. One owner, one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/array.h"
#include "kernels/cpu.h"

namespace edge::net {

/// Planes of bytes per value: int8 one; float16 two, the less significant first.
constexpr std::size_t grid_planes(ValueFormat format) {
  return format == ValueFormat::float16 ? 2 : 1;
}

/// A changed element that has no code.
struct Escape {
  std::uint32_t position = 0;
  std::uint32_t bits = 0;
};

/// A grid's section: a byte per channel, its step; int8: then a byte per channel, 1 if it is signed.
std::vector<std::uint8_t> to_bytes(const ValueGrid& grid);
constexpr std::size_t grid_bytes(ValueFormat format, std::size_t channels) {
  return format == ValueFormat::int8 ? 2 * channels : channels;
}
/// Throws CodecError unless it is a grid. Of grid_bytes().
ValueGrid grid_from(std::span<const std::uint8_t> bytes, ValueFormat format);

/// Differences of one byte, most of them small, as pairs: the sign folded into the lowest bit, what is below
/// 15 in half a byte, what is not in the `extras` (zstd codes whole bytes by whole bits: two small numbers
/// together lose less). pairs: (count + 1) / 2 bytes.
void pair_differences(std::span<const std::uint8_t> differences, std::vector<std::uint8_t>& pairs,
                      std::vector<std::uint8_t>& extras);
/// The inverse. Throws CodecError if there are not as many extras as the pairs ask for.
void separate_pairs(std::span<const std::uint8_t> pairs, std::span<const std::uint8_t> extras,
                    std::span<std::uint8_t> differences);

inline constexpr std::size_t escape_bytes = 8;
std::vector<std::uint8_t> to_bytes(const std::vector<Escape>& escapes);
/// Puts the values where they belong. Throws CodecError if that is outside of the tensor or nothing has
/// changed there.
void put_escapes(std::span<const std::uint8_t> bytes, std::size_t elements,
                 std::span<const std::uint8_t> mask, std::uint32_t* values);

class GridCodes {
 public:
  explicit GridCodes(kernels::Isa isa) : isa_(isa) {}

  /// differences() of the changed elements of `value`, whose grid it uses, to those of `base` (null: zeros).
  /// Planes of channels in which the mask has no bit are left as they are.
  void subtract(const Array& value, const Array* base, std::span<const std::uint8_t> mask);
  /// Of the last subtract(), in order.
  const std::vector<Escape>& escapes() const { return escapes_; }

  /// The inverse, but for escapes: `values` becomes the tensor on `grid` that differences() lead to. They
  /// must be 0 where nothing changed; there the values are the base's, bit for bit.
  void add(const ValueGrid& grid, const Array* base, const Shape& shape, std::span<const std::uint8_t> mask,
           float* values);

  /// One byte per element and plane, all elements of a plane behind each other; room for the widest format.
  std::uint8_t* differences() { return differences_.data(); }
  /// Makes room for tensors of so many elements.
  void resize(std::size_t elements);

 private:
  /// For the codes of a channel of `count` values; those of a base are 0 at first.
  void make_room(std::size_t count, bool two_bytes);
  void note_escape(const Array& value, std::size_t position);

  kernels::Isa isa_;
  std::vector<Escape> escapes_;
  // Scratch, kept between calls.
  std::vector<std::uint8_t> differences_;
  std::vector<std::uint8_t> bytes_, old_bytes_;     // codes of one channel
  std::vector<std::uint16_t> shorts_, old_shorts_;  // the same
};

}  // namespace edge::net
