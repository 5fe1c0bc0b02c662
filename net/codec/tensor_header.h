// The header in front of each encoded tensor, and checked reading. Internal to the codec. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/bytes.h"
#include "net/codec/codec.h"

namespace edge::net {

constexpr std::uint8_t codec_version = 2;

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

/// Throws CodecError.
struct TensorCutOff {
  [[noreturn]] void operator()(std::uint64_t wanted, std::uint64_t position, std::uint64_t size) const;
};
using TensorReader = ByteReader<TensorCutOff>;

/// Throws CodecError unless at most three bytes are left, all zero.
void expect_padding(TensorReader& reader);

/// Throws CodecError if malformed, or if type or shape are others than expected.
TensorHeader read_header(TensorReader& reader, ElementType type, const Shape& shape);

}  // namespace edge::net
