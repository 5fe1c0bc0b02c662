// The sending half of the codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "net/codec/codec.h"
#include "net/codec/grid_codes.h"
#include "net/codec/section.h"

namespace edge::net {

/// Encodes tensors, each in the way that is expected to reach the receiver soonest. One owner, one thread at
/// a time. No errors but std::bad_alloc.
class Encoder {
 public:
  explicit Encoder(const EncodeOptions& options);

  /// Appends the encoded tensor to `out`. `base` may be null; if given it must have value's type and shape.
  EncodeStatistics encode(const Array& value, const Base* base, std::vector<std::byte>& out);

  /// What the caller measured (bytes per second, > 0); options.speeds holds until then.
  void set_link_speed(double bytes_per_second);
  void set_decompress_speed(double bytes_per_second);
  /// The estimates now in use; `compress` follows this encoder's own runs.
  const CodecSpeeds& speeds() const { return speeds_; }

 private:
  std::size_t find_changes(const Array& value, const Array* base);
  void collect_values(const Array& value, std::size_t count);
  bool try_grid_changes(const Array& value, const Array* base, EncodeStatistics& statistics);
  bool try_changes(const Array& value);
  bool try_packed_changes(const Array& value, const Array* base, std::size_t changed, double unpacked_bytes);
  bool try_predicted_planes(const Array& value, const Array* base, double unpacked_bytes, bool& based);
  void append_section(std::span<const std::uint8_t> section, double expected, std::size_t length_at);
  bool pays(double unpacked_bytes, double packed_bytes, std::size_t work_bytes) const;
  void measured(std::size_t work_bytes, double seconds);
  void forget_a_little();

  EncodeOptions options_;
  CodecSpeeds speeds_;
  Compressor compressor_;
  GridCodes grid_codes_;
  // Scratch, kept between calls.
  std::vector<std::byte> payload_;
  std::vector<std::uint8_t> mask_;          // changed elements of the tensor at hand
  std::vector<std::uint8_t> positions_;     // the same, packed
  std::vector<std::uint32_t> new_values_;   // of the changed elements; u8 values lie in it as bytes
  std::vector<std::uint32_t> differences_;  // f32: to their old values
  std::vector<std::uint8_t> planes_;
  std::vector<std::uint8_t> pairs_, extras_;  // int8: the plane once more
};

}  // namespace edge::net
