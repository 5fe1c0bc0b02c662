// The header in front of each encoded tensor, and checked reading. Internal to the codec. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/codec/codec.h"

namespace edge::net {

constexpr std::uint8_t codec_version = 1;

struct TensorHeader {
  ElementType type = ElementType::f32;
  Coding coding = Coding::dense;
  bool based = false;
  std::uint64_t base_frame = 0;  ///< 0 if not based
  std::size_t payload_bytes = 0;
  Shape shape;
};

constexpr std::size_t max_header_bytes = 20 + 4 * Shape::max_rank;
constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + 3) / 4 * 4;
}

void append_header(const TensorHeader& header, std::vector<std::byte>& out);

/// Takes from the front of bytes; every step is checked.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  /// Throws CodecError if there are fewer than `count`.
  std::span<const std::byte> take(std::size_t count);
  std::uint8_t take_u8();
  std::uint32_t take_u32();
  std::uint64_t take_u64();
  /// Throws CodecError unless at most three zero bytes are left.
  void expect_padding();

 private:
  std::span<const std::byte> bytes_;
};

/// Throws CodecError if malformed, or if type or shape are others than expected.
TensorHeader read_header(ByteReader& reader, ElementType type, const Shape& shape);

void append_u32(std::uint32_t value, std::vector<std::byte>& out);

}  // namespace edge::net
