// A guess at how far zstd will shorten bytes, from a sample's order-0 entropy. Internal to the codec.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace edge::net {

class ByteHistogram {
 public:
  void add(std::span<const std::uint8_t> sample);
  /// Expected bytes per byte, 0 .. 1; 1 without a sample.
  double entropy() const;

 private:
  std::array<std::uint32_t, 256> counts_{};
  std::size_t total_ = 0;
};

/// Evenly spaced pieces of [0, count): calls piece(first, length) up to `pieces` times, `length` elements
/// each.
template <typename Piece>
void for_sample(std::size_t count, std::size_t pieces, std::size_t length, Piece&& piece) {
  if (count <= pieces * length) {
    for (std::size_t at = 0; at < count; at += length) piece(at, count - at < length ? count - at : length);
    return;
  }
  const std::size_t stride = count / pieces;
  for (std::size_t i = 0; i < pieces; ++i) piece(i * stride, length);
}

}  // namespace edge::net
