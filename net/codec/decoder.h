// The receiving half of the codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/codec/codec.h"
#include "net/codec/grid_codes.h"
#include "net/codec/section.h"

namespace edge::net {

/// Decodes tensors into fresh memory. One owner, one thread at a time. Every length and count is checked
/// before anything is allocated or written for it; memory is bounded by the expected shape, whatever the
/// bytes say.
class Decoder {
 public:
  explicit Decoder(kernels::Isa isa) : isa_(isa), grid_codes_(isa) {}

  /// Decodes one tensor from the front of `bytes` (at any alignment). Its type and shape must be `type` and
  /// `shape` (what the model says); `base` is the tensor held for it, or null. Throws CodecError or NeedFull;
  /// an error changes nothing and the decoder remains usable.
  Decoded decode(std::span<const std::byte> bytes, ElementType type, const Shape& shape, const Base* base);

  /// Measured raw bytes per second of the compressed codings, for the sender's CodecSpeeds; 0 until known.
  double decompress_speed() const { return decompress_speed_; }

 private:
  struct Task;  // what is to be decoded, and from where

  FreshArray decode_dense(Task& task) const;
  FreshArray decode_changes(Task& task);
  FreshArray decode_packed_changes(Task& task);
  FreshArray decode_predicted_planes(Task& task);
  FreshArray decode_grid_changes(Task& task, ValueFormat format);
  FreshArray put_values(const Task& task, const void* values) const;
  void measured(std::size_t work_bytes, double seconds);

  kernels::Isa isa_;
  double decompress_speed_ = 0;
  Decompressor decompressor_;
  GridCodes grid_codes_;
  // Scratch, kept between calls.
  std::vector<std::uint8_t> mask_;  // changed elements of the tensor at hand
  std::vector<std::uint8_t> positions_;
  std::vector<std::uint8_t> planes_;
  std::vector<std::uint32_t> values_;
  std::vector<std::uint32_t> old_values_;
};

}  // namespace edge::net
